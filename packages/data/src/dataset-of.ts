import { describe } from '@levin/core'
import type { Dataset } from './dataset.js'
import { dataError } from './errors.js'
import { fromIterable, type IterableSource, isIterableSource } from './from-iterable.js'
import { fromSamples } from './from-samples.js'

/** What the functions of this package take as a dataset: one of its own, an array of samples, anything iterable. */
export type DatasetLike<S> = Dataset<S> | readonly S[] | IterableSource<S>

/** A dataset from whatever can be one. */
export function datasetOf<S>(source: DatasetLike<S>): Dataset<S> {
  if (Array.isArray(source)) return fromSamples<S>(source)
  if (isDataset<S>(source)) return source
  if (isIterableSource(source)) return fromIterable(source as IterableSource<S>)
  throw dataError({
    message: 'This is no dataset.',
    expected: 'an object with length and get(index), an array of samples, or something iterable',
    found: describe(source),
    remedy: 'Make one by fromArrays(), fromSamples() or fromIterable().',
  })
}

function isDataset<S>(source: unknown): source is Dataset<S> {
  if (typeof source !== 'object' || source === null) return false
  const { get, length, open } = source as { get?: unknown; length?: unknown; open?: unknown }
  return typeof open === 'function' || (typeof get === 'function' && typeof length === 'number')
}
