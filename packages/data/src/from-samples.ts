import type { DatasetTraits, MapDataset } from './dataset.js'
import { checkIndex } from './errors.js'

/** What {@link fromSamples} takes beside the samples. */
export type SampleOptions = Pick<DatasetTraits, 'dtypes'>

/**
 * A dataset of samples that are in memory.
 *
 * @example fromSamples([{ text: 'good', label: 1 }], { dtypes: { label: 'int32' } })
 */
export function fromSamples<S>(samples: readonly S[], { dtypes }: SampleOptions = {}): MapDataset<S> {
  return {
    get length() {
      return samples.length
    },
    get(index) {
      checkIndex(index, samples.length)
      return samples[index] as S
    },
    dtypes,
    synchronous: true,
  }
}
