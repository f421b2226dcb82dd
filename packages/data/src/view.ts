import { type Dataset, isMapDataset, type MapDataset, traitsOf } from './dataset.js'
import { checkIndex, dataError } from './errors.js'

/** Samples of another dataset in an order of its own. Keeps the fast path where the other has one. */
export function view<S>(dataset: MapDataset<S>, length: number, at: (index: number) => number): MapDataset<S> {
  const get = (index: number): S | Promise<S> => {
    checkIndex(index, length)
    return dataset.get(at(index))
  }
  const base = { ...traitsOf(dataset), length, get }
  if (!dataset.getBatch) return base
  const getBatch: MapDataset<S>['getBatch'] = (indices, allocate) => {
    for (const index of indices) if (index >= length) checkIndex(index, length)
    return (dataset.getBatch as NonNullable<MapDataset<S>['getBatch']>)(indices.map(at), allocate)
  }
  return { ...base, getBatch }
}

/** Checks that a dataset can be indexed. */
export function requireMap<S>(dataset: Dataset<S>, user: string): MapDataset<S> {
  if (isMapDataset(dataset)) return dataset
  throw dataError({
    message: `${user} needs a dataset that can be read in any order.`,
    expected: 'one with length and get(index)',
    found: 'one that is read from its beginning',
    remedy: 'Collect the samples into an array first: fromSamples(await Array.fromAsync(source)).',
  })
}
