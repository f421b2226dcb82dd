import { type Dataset, type IterableDataset, isMapDataset, type Pass } from './dataset.js'
import { dataError, isPromise } from './errors.js'

/** The samples of a synchronous dataset, from the first. */
export function samplesOf<S>(dataset: IterableDataset<S>, pass: Pass): Iterable<S> {
  const samples = dataset.open(pass)
  if (Symbol.iterator in samples) return samples
  throw dataError({
    message: 'The dataset was called synchronous.',
    expected: 'an iterable',
    found: 'an async iterable',
    remedy: 'Leave out { synchronous: true }.',
  })
}

/** Any dataset as one that is read from its beginning. */
export function asIterable<S>(dataset: Dataset<S>): IterableDataset<S> {
  if (!isMapDataset(dataset)) return dataset
  const { dtypes, synchronous } = dataset
  return {
    dtypes,
    synchronous,
    get sampleCount() {
      return dataset.length
    },
    open: () => (synchronous ? readNow(dataset.length, (index) => dataset.get(index)) : readLater(dataset)),
  }
}

function* readNow<S>(length: number, get: (index: number) => S | Promise<S>): Generator<S> {
  for (let index = 0; index < length; index++) yield required(get(index))
}

async function* readLater<S>(dataset: { length: number; get(index: number): S | Promise<S> }): AsyncGenerator<S> {
  for (let index = 0; index < dataset.length; index++) yield await dataset.get(index)
}

/** A value of something that called itself synchronous. */
export function required<T>(value: T | PromiseLike<T>): T {
  if (!isPromise(value)) return value as T
  throw dataError({
    message: 'A dataset or function was called synchronous.',
    expected: 'a value',
    found: 'a Promise',
    remedy: 'Leave out `synchronous: true`.',
  })
}
