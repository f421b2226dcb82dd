import { describe, LevinError } from '../errors.js'
import type { RandomKey } from './key.js'
import { RandomSequence } from './random-sequence.js'

/**
 * A random order of 0 … length − 1, every one equally likely (Fisher & Yates; Durstenfeld 1964).
 *
 * A pure function of the key: nothing needs to be saved to come back to the same order.
 */
export function permutation(key: RandomKey, length: number): Uint32Array {
  if (!Number.isInteger(length) || length < 0 || length > 2 ** 32) {
    throw new LevinError('LEVIN_BAD_OPTION', { expected: 'a length from 0 to 2³²', found: describe(length) })
  }
  const order = new Uint32Array(length)
  for (let i = 0; i < length; i++) order[i] = i
  const sequence = new RandomSequence(key)
  for (let i = length - 1; i > 0; i--) {
    const other = sequence.integer(i + 1)
    const value = order[i] as number
    order[i] = order[other] as number
    order[other] = value
  }
  return order
}
