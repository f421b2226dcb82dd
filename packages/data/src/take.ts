import { type Dataset, type IterableDataset, isMapDataset, type MapDataset, traitsOf } from './dataset.js'
import { type DatasetLike, datasetOf } from './dataset-of.js'
import { checkCount } from './errors.js'
import { view } from './view.js'

/** The first `count` samples of a dataset, or all if it has fewer. */
export function take<S>(source: MapDataset<S> | readonly S[], count: number): MapDataset<S>
export function take<S>(source: DatasetLike<S>, count: number): IterableDataset<S>
export function take<S>(source: DatasetLike<S>, count: number): Dataset<S> {
  checkCount(count, 'The count of take()', 0)
  const dataset = datasetOf(source)
  if (isMapDataset(dataset)) return view(dataset, Math.min(count, dataset.length), (index) => index)
  const known = dataset.sampleCount
  return {
    ...traitsOf(dataset),
    sampleCount: known === undefined ? undefined : Math.min(count, known),
    open: (pass) => {
      const samples = dataset.open(pass)
      return Symbol.asyncIterator in samples ? firstAsync(samples, count) : first(samples, count)
    },
  }
}

function* first<S>(samples: Iterable<S>, count: number): Generator<S> {
  if (count === 0) return
  let taken = 0
  for (const sample of samples) {
    yield sample
    if (++taken === count) return
  }
}

async function* firstAsync<S>(samples: AsyncIterable<S>, count: number): AsyncGenerator<S> {
  if (count === 0) return
  let taken = 0
  for await (const sample of samples) {
    yield sample
    if (++taken === count) return
  }
}
