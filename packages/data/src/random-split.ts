import { deriveKey, permutation } from '@levin/core'
import type { MapDataset } from './dataset.js'
import { dataError } from './errors.js'
import { subset } from './subset.js'
import { requireMap } from './view.js'

export interface RandomSplitOptions {
  /** The same seed gives the same parts. Default 0. */
  readonly seed?: number
}

/** One part per length. */
export type Parts<S, L extends readonly number[]> = { -readonly [K in keyof L]: MapDataset<S> }

/**
 * Splits a dataset at random into parts that do not overlap, by counts or by fractions.
 *
 * Fractions are rounded down; what remains goes to the parts one by one, from the first, as in PyTorch's `random_split`.
 *
 * @example const [train, validation, test] = randomSplit(digits, [0.8, 0.1, 0.1], { seed: 7 })
 *
 * @throws LEVIN_DATA if counts do not add up to the dataset's length, or fractions to 1.
 */
export function randomSplit<S, const L extends readonly number[]>(
  dataset: MapDataset<S>,
  lengths: L,
  { seed = 0 }: RandomSplitOptions = {},
): Parts<S, L> {
  requireMap(dataset, 'randomSplit()')
  const order = permutation(deriveKey(seed, 'split', ''), dataset.length)
  let start = 0
  const parts = countsOf(lengths, dataset.length).map((count) => {
    const part = subset(dataset, order.subarray(start, start + count))
    start += count
    return part
  })
  return parts as Parts<S, L>
}

function countsOf(lengths: readonly number[], total: number): number[] {
  const sum = lengths.reduce((all, length) => all + length, 0)
  const valid = lengths.length > 0 && lengths.every((length) => length >= 0)
  if (valid && lengths.every(Number.isInteger) && sum === total) return [...lengths]
  // Fractions in decimals do not add up to 1 exactly.
  if (!valid || Math.abs(sum - 1) > 1e-6) {
    throw dataError({
      message: 'The parts do not make up the dataset.',
      expected: `counts that add up to ${total}, or fractions that add up to 1`,
      found: `[${lengths.join(', ')}], which add up to ${sum}`,
    })
  }
  const counts = lengths.map((fraction) => Math.floor(fraction * total + 1e-9))
  const rest = total - counts.reduce((all, count) => all + count, 0)
  return counts.map((count, index) => count + (index < rest ? 1 : 0))
}
