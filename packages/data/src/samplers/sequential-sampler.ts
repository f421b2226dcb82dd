import type { Sampler } from './sampler.js'

/** All samples, in the dataset's own order. */
export function sequentialSampler(): Sampler {
  return {
    count: (length) => length,
    order({ length }) {
      const order = new Uint32Array(length)
      for (let index = 0; index < length; index++) order[index] = index
      return order
    },
  }
}
