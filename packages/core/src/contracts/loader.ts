import type { Staging } from './host-tensor.js'

/** Where a loader stands, counted in batches that were consumed, not prefetched. JSON. */
export interface LoaderPosition {
  readonly epoch: number
  readonly batch: number
  /** Samples of the epoch's global order before the position: what it means to a loader whose batches have another size. */
  readonly sample?: number
  /** Samples of a full batch over all shards, when the position was taken. */
  readonly globalBatch?: number
  readonly [key: string]: unknown
}

/** The part of the data that one worker of a data-parallel group reads. */
export interface DataShard {
  readonly rank: number
  readonly count: number
  /**
   * All shards must yield the same number of batches, an empty one if need be, since their steps communicate: training.
   * Default `false`: a shard that has no sample of the last global batch ends before it.
   */
  readonly even?: boolean
}

/** Where the samples of a shard's batch lie in the global batch that all shards make up together. */
export interface BatchPlace {
  /** Samples of it on the shards before this one. */
  readonly first: number
  /** Samples of it on all shards. */
  readonly total: number
}

/**
 * A Loader yields the batches of an epoch. Any iterable of batches is one; what it has beyond that makes it resumable,
 * countable and shardable. Batches are nested arrays and records of host tensors, tensors and plain values.
 */
export interface Loader<B = unknown> {
  [Symbol.iterator]?(): Iterator<B>
  [Symbol.asyncIterator]?(): AsyncIterator<B>
  /** Batches per epoch. Absent: unknown. */
  readonly batchCount?: number | undefined
  /** Samples per epoch, over all shards. */
  readonly sampleCount?: number | undefined
  /** Samples per full batch on this shard. */
  readonly batchSize?: number | undefined
  /** Whether the Trainer disposes the tensors of a batch after use. Default: `true`, but for arrays, which are read again. */
  readonly ownsBatches?: boolean
  /**
   * Iterates like `[Symbol.iterator]`, and writes the values of batches where `staging` says, so that nothing is copied on the
   * way to the device. The memory of a batch is asked for in the call of `next()` that yields it, and belongs to whoever gave
   * it: what it yields is uploaded once, soon, and not looked at. `undefined`: not with this loader, say since a function of
   * the user's sees its batches.
   */
  iterateStaged?(staging: Staging): Iterator<B> | undefined
  /**
   * Takes back a batch whose host tensors nobody will read any more, since they were uploaded: their buffers may be
   * filled again, which is cheaper than new ones. Never required.
   */
  recycle?(batch: B): void
  /** Called before each epoch: the order of a shuffled epoch is a function of (seed, epoch). */
  setEpoch?(epoch: number): void
  /** Where the batch after the last *consumed* one begins; the Trainer says how many it consumed. */
  position?(consumed: number): LoaderPosition
  /**
   * Continues from a position: the next iteration starts there.
   *
   * @returns index of the batch that comes first, as batches are now; nothing where it is that of the position
   */
  seek?(position: LoaderPosition): number | void
  /** A loader of one shard's part; the union over shards is the whole, in the same global order. */
  shard?(shard: DataShard): Loader<B>
  /**
   * Where a batch lies that it yielded as a shard: what random numbers are functions of, so that a last batch that divides
   * unevenly draws as it would on one device. Absent or `undefined`: every shard holds as many samples as this one.
   */
  placeOf?(batch: B): BatchPlace | undefined
  /** Seed of the run, for loaders that were given none. */
  setSeed?(seed: number): void
}

/** What may be handed over as training or evaluation data. */
export type LoaderLike<B = unknown> = Loader<B> | Iterable<B> | AsyncIterable<B>
