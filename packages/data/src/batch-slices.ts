import type { BatchPlace, DataShard } from '@levin/core'

/**
 * Which samples of the global order make up which batch of which worker.
 *
 * The order of an epoch is one for all workers. A *global batch* is its next `batchSize × workers` samples, and worker r
 * takes the r-th of the equal, contiguous parts. So what a step sees, over all workers together, depends on the global
 * batch alone and not on how many workers share it: one device with batches of 64, two with 32 and four with 16 make the
 * same updates.
 *
 * At the end of the data a global batch may be smaller. It too is divided contiguously, into parts that differ by one
 * sample at most: worker r takes the samples from ⌊t·r/n⌋ to ⌊t·(r+1)/n⌋ of the t that are left. No sample is padded,
 * repeated or left out, whatever the number of workers. If t < n, some workers get nothing: they have one batch less
 * (evaluation), or an empty one, so that all of them take part in the same number of steps (`even`, training).
 */
export interface Slicing {
  /** Samples per worker in a full batch. */
  readonly batchSize: number
  readonly dropLast: boolean
  readonly shard: DataShard
  /**
   * Samples before the first global batch, fewer than it has: of an epoch that was begun with other batches, so that what is left
   * begins inside of one of these. Default 0.
   */
  readonly offset?: number
}

/** Samples from `start` to before `end` of the global order. */
export interface Slice {
  readonly start: number
  readonly end: number
}

/** A worker's part of a global batch of `size` samples. */
export function partOf(size: number, { rank, count }: DataShard): Slice {
  return { start: Math.floor((size * rank) / count), end: Math.floor((size * (rank + 1)) / count) }
}

/** Batches of one worker, out of `total` samples over all workers. */
export function countBatches(total: number, slicing: Slicing): number {
  const { batchSize, dropLast, shard, offset = 0 } = slicing
  const global = batchSize * shard.count
  const left = total - offset
  const full = Math.floor(left / global)
  if (dropLast || full * global === left) return full
  const { start, end } = partOf(left - full * global, shard)
  return full + (shard.even || end > start ? 1 : 0)
}

/** A worker's part of global batch `batch`. */
export function sliceOf(batch: number, total: number, { batchSize, shard, offset = 0 }: Slicing): Slice {
  const first = offset + batch * batchSize * shard.count
  const part = partOf(Math.min(batchSize * shard.count, total - first), shard)
  return { start: first + part.start, end: first + part.end }
}

/** Where a worker's part lies within global batch `batch`. */
export function placeOf(batch: number, total: number, { batchSize, shard, offset = 0 }: Slicing): BatchPlace {
  const global = batchSize * shard.count
  const size = Math.min(global, total - offset - batch * global)
  return { first: partOf(size, shard).start, total: size }
}
