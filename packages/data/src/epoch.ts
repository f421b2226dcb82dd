import type { Slicing } from './batch-slices.js'

/** One iteration over a loader: which epoch, from which batch on. */
export interface Epoch {
  readonly epoch: number
  readonly seed: number
  /** Batches to leave out at the beginning: those that were consumed before. */
  readonly start: number
  readonly slicing: Slicing
}
