import type { ProcessGroup, Replicas } from '@levin/core'

/**
 * The ranks of a group as replicas of one step, for layers that need all of a batch. Absent where a rank cannot block within a
 * step, or where what a layer adds up is not in the host's memory.
 *
 * @param hostMemory whether reading a tensor is a load
 */
export function replicasOf({ size, rank, blocking }: ProcessGroup, hostMemory: boolean): Replicas | undefined {
  if (size === 1 || !blocking || !hostMemory) return undefined
  return { count: size, index: rank, sum: (values) => blocking.allReduce(values, 'sum') }
}
