/** What layouts of a model over workers take in memory and time. */
export { type Cluster, type ClusterCosts, clusterCosts, flatRing, type SharedMemory } from './planner/costs/cluster.js'
export {
  ALL_REDUCES,
  type AllReduceName,
  cheapest,
  crossover,
  ringAllReduce,
  secondsOf,
} from './planner/costs/collectives.js'
export type { Link } from './planner/costs/link.js'
export { type AssumedNetwork, linkOf, NETWORKS } from './planner/costs/networks.js'
export { SECONDS_PER_REDUCED_BYTE, SHARED_MEMORY } from './planner/costs/shared-memory.js'
