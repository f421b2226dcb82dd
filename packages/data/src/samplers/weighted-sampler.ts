import { deriveKey, type RandomKey } from '@levin/core'
import { checkCount, dataError } from '../errors.js'
import type { Sampler } from './sampler.js'
import { preciseUniforms } from './uniforms.js'

export interface WeightedSamplerOptions {
  /** One weight per sample, 0 or more, of any sum: how probable the sample is against the others. */
  readonly weights: ArrayLike<number>
  /** Samples per epoch. Default: as many as there are weights. */
  readonly samples?: number
  /** Whether a sample may come more than once in an epoch. Default `true`. */
  readonly replacement?: boolean
}

/**
 * Samples drawn by weight, for classes of unequal size.
 *
 * With replacement by inverting the cumulative weights; without it by the largest of u^(1/w) (Efraimidis & Spirakis
 * 2006, "Weighted random sampling with a reservoir").
 *
 * @throws LEVIN_DATA if a weight is negative or not finite, all are 0, or there are too few for drawing without
 * replacement, or, when used, if the dataset has another length.
 */
export function weightedSampler({ weights, samples, replacement = true }: WeightedSamplerOptions): Sampler {
  const total = checkCount(samples ?? weights.length, 'The option samples of weightedSampler()')
  const known = Float64Array.from(weights)
  checkWeights(known, replacement ? 1 : total)
  const count = (length: number): number => {
    if (length === known.length) return total
    throw dataError({
      message: 'The weighted sampler does not fit the dataset.',
      expected: `one weight for each of ${length} samples`,
      found: `${known.length} weights`,
    })
  }
  return {
    count,
    order({ length, seed, epoch }) {
      count(length)
      const key = deriveKey(seed, 'weighted', '', epoch)
      return replacement ? drawWithReplacement(known, total, key) : drawWithoutReplacement(known, total, key)
    },
  }
}

function checkWeights(weights: Float64Array, needed: number): void {
  const wrong = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)))
  if (wrong >= 0) {
    throw dataError({
      message: `The weight of sample ${wrong} is wrong.`,
      expected: 'a finite number, 0 or more',
      found: String(weights[wrong]),
    })
  }
  const positive = weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0)
  if (positive >= needed) return
  throw dataError({
    message: 'The weighted sampler has too few samples to draw from.',
    expected: `at least ${needed} weights above 0`,
    found: `${positive}`,
    remedy: needed > 1 ? 'Set replacement: true, or ask for fewer samples.' : 'Give at least one sample a weight.',
  })
}

function drawWithReplacement(weights: Float64Array, total: number, key: RandomKey): Uint32Array {
  const cumulative = new Float64Array(weights.length)
  let sum = 0
  for (let i = 0; i < weights.length; i++) cumulative[i] = sum += weights[i] as number
  // Rounding may bring a draw up to the sum itself, behind the last sample that has a weight.
  const last = weights.findLastIndex((weight) => weight > 0)
  return Uint32Array.from(preciseUniforms(key, total), (uniform) =>
    Math.min(firstAbove(cumulative, uniform * sum), last),
  )
}

function firstAbove(cumulative: Float64Array, value: number): number {
  let low = 0
  let high = cumulative.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((cumulative[middle] as number) > value) high = middle
    else low = middle + 1
  }
  return low
}

function drawWithoutReplacement(weights: Float64Array, total: number, key: RandomKey): Uint32Array {
  const uniforms = preciseUniforms(key, weights.length)
  // −ln(u) / w, smallest first: the same order as u^(1/w), largest first, without underflow.
  const keys = uniforms.map((uniform, i) => {
    const weight = weights[i] as number
    return weight > 0 ? -Math.log(1 - uniform) / weight : Number.POSITIVE_INFINITY
  })
  const order = Uint32Array.from(keys, (_, index) => index)
  order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b)
  return order.subarray(0, total)
}
