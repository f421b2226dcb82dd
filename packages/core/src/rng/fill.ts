import { LevinError } from '../errors.js'
import type { RandomKey } from './key.js'
import { normalCumulative, normalQuantile } from './normal-distribution.js'
import { philox } from './philox.js'
import { eachRun, type SliceLayout } from './slice-layout.js'

/**
 * Arrays of random numbers in which each element depends on the key and on its place in the global array alone.
 *
 * So a shard is bit for bit the slice of the whole, and the order of computation does not matter. The definition, which
 * kernels for other devices must follow: the element at linear index i (row-major in the *global* shape) uses word
 * i mod 4 of philox((low, high, 0, 0), key), where (low, high) are the two uint32 halves of ⌊i / 4⌋.
 *
 * - uniform: u = (word >>> 8) · 2⁻²⁴, exact in float32, in [0, 1).
 * - normal: Box–Muller on the pairs (0, 1) and (2, 3) of a block: r = √(−2 ln(((word₀ >>> 8) + 1) · 2⁻²⁴)),
 *   φ = 2π · (word₁ >>> 8) · 2⁻²⁴; the first is r cos φ, the second r sin φ. |z| ≤ 5.77.
 * - truncated normal: the quantile of Φ(a) + (Φ(b) − Φ(a)) · ((word >>> 8) + ½) · 2⁻²⁴, one word each.
 *
 * Computed in float64 and rounded once. Uniforms in [0, 1) are the same bits everywhere; the others agree as far as the
 * logarithms and sines of two machines do.
 */

/** Turns the four words of a block into four values. */
type Transform = (words: Uint32Array, values: Float64Array) => void

/** 2⁻²⁴: a float32 holds 24 significant bits. */
const UNIT = 2 ** -24

/** The uniform number in [0, 1) at one linear index. */
export function uniformAt(key: RandomKey, index: number): number {
  const words = new Uint32Array(4)
  const block = Math.floor(index / 4)
  philox(block, Math.floor(block / 2 ** 32), 0, 0, key[0], key[1], words)
  return ((words[index % 4] as number) >>> 8) * UNIT
}

/**
 * Fills `target` with uniform numbers in [low, high). Default: [0, 1).
 *
 * @param layout Which part of a larger array `target` is. Default: all of an array of its length.
 */
export function fillUniform(target: Float32Array, key: RandomKey, layout?: SliceLayout, low = 0, high = 1): void {
  const range = high - low
  fill(target, key, layout, (words, values) => {
    values[0] = low + range * (((words[0] as number) >>> 8) * UNIT)
    values[1] = low + range * (((words[1] as number) >>> 8) * UNIT)
    values[2] = low + range * (((words[2] as number) >>> 8) * UNIT)
    values[3] = low + range * (((words[3] as number) >>> 8) * UNIT)
  })
}

/** Fills `target` with normally distributed numbers. Default: mean 0, standard deviation 1. */
export function fillNormal(
  target: Float32Array,
  key: RandomKey,
  layout?: SliceLayout,
  mean = 0,
  standardDeviation = 1,
): void {
  fill(target, key, layout, (words, values) => {
    for (let i = 0; i < 4; i += 2) {
      const radius = standardDeviation * Math.sqrt(-2 * Math.log((((words[i] as number) >>> 8) + 1) * UNIT))
      const angle = 2 * Math.PI * (((words[i + 1] as number) >>> 8) * UNIT)
      values[i] = mean + radius * Math.cos(angle)
      values[i + 1] = mean + radius * Math.sin(angle)
    }
  })
}

/**
 * Fills `target` with normally distributed numbers, conditioned on lying in [low, high].
 *
 * The bounds are values, not multiples of the standard deviation, as in PyTorch's `trunc_normal_`. Default: [−2, 2].
 *
 * @throws LevinError `LEVIN_BAD_OPTION` if the interval is empty or holds none of the distribution's probability.
 */
export function fillTruncatedNormal(
  target: Float32Array,
  key: RandomKey,
  layout?: SliceLayout,
  mean = 0,
  standardDeviation = 1,
  low = -2,
  high = 2,
): void {
  // Below the mean the probabilities keep their precision: an interval above it is mirrored.
  const mirrored = low > mean
  const sign = mirrored ? -1 : 1
  const first = normalCumulative((sign * ((mirrored ? high : low) - mean)) / standardDeviation)
  const range = normalCumulative((sign * ((mirrored ? low : high) - mean)) / standardDeviation) - first
  if (!(range > 0)) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      expected: `an interval where a normal distribution of mean ${mean} and deviation ${standardDeviation} has values`,
      found: `[${low}, ${high}]`,
      remedy: 'The bounds are values, not multiples of the standard deviation.',
    })
  }
  fill(target, key, layout, (words, values) => {
    for (let i = 0; i < 4; i++) {
      const probability = first + range * ((((words[i] as number) >>> 8) + 0.5) * UNIT)
      const value = mean + sign * standardDeviation * normalQuantile(probability)
      values[i] = Math.min(high, Math.max(low, value))
    }
  })
}

function fill(target: Float32Array, key: RandomKey, layout: SliceLayout | undefined, transform: Transform): void {
  if (layout === undefined) fillRun(target, key, 0, 0, target.length, transform)
  else {
    eachRun(layout, target.length, (globalIndex, localIndex, length) =>
      fillRun(target, key, globalIndex, localIndex, length, transform),
    )
  }
}

/** Fills `length` elements from `offset` on, which lie side by side in the whole from `index` on. */
function fillRun(
  target: Float32Array,
  [key0, key1]: RandomKey,
  index: number,
  offset: number,
  length: number,
  transform: Transform,
): void {
  const words = new Uint32Array(4)
  const values = new Float64Array(4)
  const firstBlock = Math.floor(index / 4)
  let low = firstBlock >>> 0
  let high = Math.floor(firstBlock / 2 ** 32)
  // Elements of the first block that lie before the run.
  let skip = index % 4
  const end = offset + length
  for (let i = offset; i < end; ) {
    philox(low, high, 0, 0, key0, key1, words)
    transform(words, values)
    if (skip === 0 && i + 4 <= end) {
      target[i] = values[0] as number
      target[i + 1] = values[1] as number
      target[i + 2] = values[2] as number
      target[i + 3] = values[3] as number
      i += 4
    } else {
      while (skip < 4 && i < end) target[i++] = values[skip++] as number
      skip = 0
    }
    low = (low + 1) >>> 0
    if (low === 0) high++
  }
}
