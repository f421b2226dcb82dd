import { type Cluster, type ClusterCosts, clusterCosts, type SharedMemory } from './costs/cluster.js'
import type { Link } from './costs/link.js'
import { SHARED_MEMORY } from './costs/shared-memory.js'
import { AXES, type Axis, type Layout } from './layout.js'

/** Where workers are. */
export interface Machine {
  /** Default 1: threads of one process. */
  readonly hosts?: number
  /** Between hosts. Default: none, for one host. */
  readonly network?: Link
  /** Within a host. Default: as measured once, `SHARED_MEMORY`. */
  readonly within?: SharedMemory
}

/** Seconds of what the ranks along an axis exchange. */
export interface AxisCosts extends ClusterCosts {
  /** From one rank to its neighbour. */
  message(bytes: number): number
}

/**
 * Ranks are numbered along {@link AXES}: those of the first axis are next to each other. A group of an axis may so be within a host
 * or spread over several, and as many groups use a host's network at once as have a rank there.
 *
 * @param axes one, or several that follow each other in that order
 */
export function axisCosts(layout: Layout, axes: readonly Axis[], machine: Machine): AxisCosts {
  const { hosts = 1, network, within = SHARED_MEMORY } = machine
  const workers = AXES.reduce((product, axis) => product * layout[axis], 1)
  const perHost = workers / hosts
  const stride = AXES.slice(0, AXES.indexOf(axes[0] as Axis)).reduce((product, axis) => product * layout[axis], 1)
  const size = axes.reduce((product, axis) => product * layout[axis], 1)
  const ranksPerHost = Math.max(1, Math.min(size, Math.floor(perHost / stride)))
  const spread = Math.ceil(size / ranksPerHost)
  const cluster: Cluster = {
    hosts: spread,
    ranksPerHost: size / spread,
    network: shared(network, Math.max(1, perHost / ranksPerHost)),
    within,
  }
  const costs = clusterCosts(cluster)
  return {
    ...costs,
    message: (bytes) =>
      spread === 1
        ? within.latency + bytes * within.secondsPerMovedByte
        : cluster.network.latency + bytes * cluster.network.secondsPerByte,
  }
}

/** No network costs nothing: there is one host. */
const NONE: Link = { latency: 0, secondsPerByte: 0, secondsPerReducedByte: 0 }

const shared = (link: Link = NONE, groups: number): Link => ({ ...link, secondsPerByte: link.secondsPerByte * groups })
