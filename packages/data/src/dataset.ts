import type { HostTensor, NumericType } from '@levin/core'
import type { Batched } from './batched.js'

/**
 * The dtype that plain numbers of a sample have in a batch: one for all of them, or one per field. Default `'float32'`.
 *
 * @example { labels: 'int32' }
 */
export type DTypes = NumericType | { readonly [field: string]: DTypes }

/** What all datasets may say of themselves. */
export interface DatasetTraits {
  /** The dtypes of fields that are plain numbers. Default: `float32`. Never guessed from the values. */
  readonly dtypes?: DTypes | undefined
  /**
   * Samples come as values, never as promises, so that a loader can be iterated without waiting. Default is `false`.
   */
  readonly synchronous?: boolean | undefined
}

/**
 * Gives a host tensor whose values are to be overwritten, all of them. Its memory may be the device's (`StagedTensor` of
 * core), where it stays while the batch is on its way: put the tensor itself into the batch.
 */
export type Allocate = (shape: readonly number[], dtype: NumericType) => HostTensor

/** A MapDataset holds samples that can be read in any order. */
export interface MapDataset<S> extends DatasetTraits {
  /** Number of samples. */
  readonly length: number
  /** The sample at `index`, from 0 to `length - 1`. Tensors of tfjs in it are handed over: the loader disposes them. */
  get(index: number): S | Promise<S>
  /**
   * Several samples at once, already stacked: the fast path of datasets that are held column by column.
   *
   * Called again with the same indices where memory moved before all of it was filled.
   *
   * @param allocate where the tensors of the batch come from; a loader may have used ones. Default: new ones
   */
  getBatch?(indices: Uint32Array, allocate?: Allocate): Batched<S> | Promise<Batched<S>>
}

/** Which pass over the data is about to begin. */
export interface Pass {
  readonly epoch: number
}

/** An IterableDataset is read from its beginning, in its own order: streams, generators, files too large to index. */
export interface IterableDataset<S> extends DatasetTraits {
  /** Begins a pass. Tensors of tfjs in a sample are handed over: the loader disposes them. */
  open(pass: Pass): Iterable<S> | AsyncIterable<S>
  /** Samples of one pass, where that is known. */
  readonly sampleCount?: number | undefined
}

export type Dataset<S> = MapDataset<S> | IterableDataset<S>

/** Whether a dataset can be read in any order. */
export function isMapDataset<S>(dataset: Dataset<S>): dataset is MapDataset<S> {
  return 'get' in dataset && typeof dataset.get === 'function'
}

/** A dataset's traits, to hand on to one that is made of it. */
export const traitsOf = ({ dtypes, synchronous }: DatasetTraits): DatasetTraits => ({ dtypes, synchronous })
