import { deriveKey, permutation } from '@levin/core'
import { dataError } from '../errors.js'
import type { Sampler } from './sampler.js'

export interface SubsetSamplerOptions {
  /** Indices into the dataset. */
  readonly indices: ArrayLike<number>
  /** Another order in each epoch. Default `false`: the given one. */
  readonly shuffle?: boolean
}

/** Some samples of the dataset. */
export function subsetSampler({ indices, shuffle = false }: SubsetSamplerOptions): Sampler {
  const chosen = Array.from(indices)
  const count = (length: number): number => {
    const wrong = chosen.find((index) => !Number.isInteger(index) || index < 0 || index >= length)
    if (wrong === undefined) return chosen.length
    throw dataError({
      message: 'The subset sampler does not fit the dataset.',
      expected: `indices from 0 to ${length - 1}`,
      found: String(wrong),
    })
  }
  return {
    count,
    order({ seed, epoch }) {
      if (!shuffle) return chosen
      const order = permutation(deriveKey(seed, 'shuffle', '', epoch), chosen.length)
      return order.map((place) => chosen[place] as number)
    },
  }
}
