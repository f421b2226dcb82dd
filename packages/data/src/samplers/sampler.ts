/** What the order of an epoch is a function of. */
export interface OrderContext {
  /** Samples of the dataset. */
  readonly length: number
  readonly seed: number
  readonly epoch: number
}

/**
 * A Sampler says which samples an epoch consists of, and in which order. It has no state: the order is a function of
 * (length, seed, epoch) alone, so that a resumed run finds it again and every worker computes the same.
 */
export interface Sampler {
  /** Samples per epoch, for a dataset of `length`. */
  count(length: number): number
  /** Indices into the dataset, {@link count} of them. */
  order(context: OrderContext): ArrayLike<number>
  /** It gives one worker's part already, so a loader must not divide it again. Default `false`. */
  readonly sharded?: boolean
}

/** A BatchSampler says which samples make up each batch: for batches of similar length, or of balanced classes. */
export interface BatchSampler {
  /** Batches per epoch, for a dataset of `length`, where that is known beforehand. */
  count?(length: number): number
  batches(context: OrderContext): readonly ArrayLike<number>[]
}
