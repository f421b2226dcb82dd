import type { MapDataset } from './dataset.js'
import { checkIndex } from './errors.js'
import { requireMap, view } from './view.js'

/**
 * Some samples of a dataset, in the order of `indices`; an index may come more than once.
 *
 * @throws LEVIN_DATA if an index is out of range.
 */
export function subset<S>(dataset: MapDataset<S>, indices: ArrayLike<number>): MapDataset<S> {
  requireMap(dataset, 'subset()')
  const chosen = new Uint32Array(indices.length)
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number
    checkIndex(index, dataset.length)
    chosen[i] = index
  }
  return view(dataset, chosen.length, (index) => chosen[index] as number)
}
