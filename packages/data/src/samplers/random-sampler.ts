import { deriveKey, permutation } from '@levin/core'
import { checkCount } from '../errors.js'
import type { Sampler } from './sampler.js'
import { preciseUniforms } from './uniforms.js'

export interface RandomSamplerOptions {
  /** Draw each sample from all of them, so that one may come twice. Default `false`: a permutation. */
  readonly replacement?: boolean
  /** Samples per epoch. Default: as many as the dataset has. More without replacement: several permutations. */
  readonly samples?: number
}

/** Samples in random order, another one in each epoch. What `shuffle: true` uses, with its defaults. */
export function randomSampler({ replacement = false, samples }: RandomSamplerOptions = {}): Sampler {
  if (samples !== undefined) checkCount(samples, 'The option samples of randomSampler()')
  const count = (length: number): number => samples ?? length
  return {
    count,
    order({ length, seed, epoch }) {
      const total = count(length)
      if (replacement) {
        const uniforms = preciseUniforms(deriveKey(seed, 'sample', '', epoch), total)
        return Uint32Array.from(uniforms, (uniform) => Math.floor(uniform * length))
      }
      const order = permutation(deriveKey(seed, 'shuffle', '', epoch), length)
      return total <= length ? order.subarray(0, total) : repeated(order, total, { length, seed, epoch })
    },
  }
}

function repeated(
  first: Uint32Array,
  total: number,
  { length, seed, epoch }: { length: number; seed: number; epoch: number },
): Uint32Array {
  const order = new Uint32Array(total)
  order.set(first)
  for (let start = length, round = 1; start < total; start += length, round++) {
    const next = permutation(deriveKey(seed, 'shuffle', '', epoch, round), length)
    order.set(next.subarray(0, total - start), start)
  }
  return order
}
