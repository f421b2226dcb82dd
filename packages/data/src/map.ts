import { type Dataset, type DatasetTraits, type IterableDataset, isMapDataset, type MapDataset } from './dataset.js'
import { type DatasetLike, datasetOf } from './dataset-of.js'
import { dataError, isPromise } from './errors.js'
import { samplesOf } from './samples-of.js'

/** What {@link map} takes beside the function. */
export interface MapOptions extends DatasetTraits {
  /** Default: those of the dataset, for fields of the same name. */
  readonly dtypes?: DatasetTraits['dtypes']
  /** The function returns values, never promises; then so does the dataset, if its samples come so. Default `false`. */
  readonly synchronous?: boolean
}

/**
 * Samples changed one by one, when they are read.
 *
 * @param change called with the sample and its index in the dataset (its place in the pass, for iterables)
 */
export function map<S, T>(
  source: MapDataset<S> | readonly S[],
  change: (sample: S, index: number) => T | Promise<T>,
  options?: MapOptions,
): MapDataset<T>
export function map<S, T>(
  source: DatasetLike<S>,
  change: (sample: S, index: number) => T | Promise<T>,
  options?: MapOptions,
): IterableDataset<T>
export function map<S, T>(
  source: DatasetLike<S>,
  change: (sample: S, index: number) => T | Promise<T>,
  options: MapOptions = {},
): Dataset<T> {
  const dataset = datasetOf(source)
  const synchronous = dataset.synchronous === true && options.synchronous === true
  const traits = { dtypes: options.dtypes ?? dataset.dtypes, synchronous }
  if (isMapDataset(dataset)) {
    const get = (index: number): T | Promise<T> => {
      const sample = dataset.get(index)
      return isPromise(sample) ? sample.then((value) => change(value, index)) : change(sample, index)
    }
    return {
      ...traits,
      get length() {
        return dataset.length
      },
      get,
    }
  }
  return {
    ...traits,
    sampleCount: dataset.sampleCount,
    open: (pass) => (synchronous ? mapNow(samplesOf(dataset, pass), change) : mapLater(dataset.open(pass), change)),
  }
}

function* mapNow<S, T>(samples: Iterable<S>, change: (sample: S, index: number) => T | Promise<T>): Generator<T> {
  let index = 0
  for (const sample of samples) {
    const changed = change(sample, index++)
    if (isPromise(changed)) {
      throw dataError({
        message: 'The function given to map() was called synchronous.',
        expected: 'a value',
        found: 'a Promise',
        remedy: 'Leave out { synchronous: true }.',
      })
    }
    yield changed as T
  }
}

async function* mapLater<S, T>(
  samples: Iterable<S> | AsyncIterable<S>,
  change: (sample: S, index: number) => T | Promise<T>,
): AsyncGenerator<T> {
  let index = 0
  for await (const sample of samples) yield await change(sample, index++)
}
