import {
  type AssumedNetwork,
  type Cluster,
  type ClusterCosts,
  clusterCosts,
  type Link,
  linkOf,
  NETWORKS,
  type SharedMemory,
} from '@levin/strategies/planner'
import { burstsOf, namespacesOf, processesOf, reductionOf, sharedMemoryOf } from '../constants.js'
import { Measurements } from '../measurements.js'

/** Everything that the tables are made of. */
export interface Known {
  readonly collectives: Measurements
  readonly network: Measurements
  readonly within: SharedMemory
  readonly processes: Link
  readonly namespaces: Link
  /** Their small messages. */
  readonly bursts: Link
  readonly networks: readonly (AssumedNetwork & { readonly link: Link })[]
  cluster(network: Link, hosts: number, ranksPerHost: number): Cluster
  costs(network: Link, hosts: number, ranksPerHost: number): ClusterCosts
}

export function known(): Known {
  const [collectives, network] = [Measurements.of('collectives'), Measurements.of('network')]
  const within = sharedMemoryOf(collectives)
  const cluster = (link: Link, hosts: number, ranksPerHost: number): Cluster => ({
    hosts,
    ranksPerHost,
    network: link,
    within,
  })
  return {
    collectives,
    network,
    within,
    processes: processesOf(collectives),
    namespaces: namespacesOf(network, collectives),
    bursts: burstsOf(network, collectives),
    networks: NETWORKS.map((each) => ({ ...each, link: linkOf(each, reductionOf(collectives)) })),
    cluster,
    costs: (link, hosts, ranksPerHost) => clusterCosts(cluster(link, hosts, ranksPerHost)),
  }
}
