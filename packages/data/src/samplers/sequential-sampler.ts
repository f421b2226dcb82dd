import type { Sampler } from './sampler.js'

/** All samples, in the dataset's own order. */
export function sequentialSampler(): Sampler {
  return {
    count: (length) => length,
    order: ({ length }) => Uint32Array.from({ length }, (_, index) => index),
  }
}
