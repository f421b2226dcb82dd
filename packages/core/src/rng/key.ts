import { describe, LevinError } from '../errors.js'
import { philox } from './philox.js'

/** A key of the generator: two uint32. Every key is a stream of its own. */
export type RandomKey = readonly [key0: number, key1: number]

/** Counter word 2 of the blocks that keys are made from, so that they never meet those that values are drawn from. */
const FOLD = 0x666f6c64

/**
 * The key of the random numbers for one purpose at one place of a run.
 *
 * Nothing is remembered: the same arguments give the same key, and a change to any of them an unrelated one. A dropout
 * mask is `deriveKey(seed, 'dropout', 'net.3', step)`, the order of an epoch `deriveKey(seed, 'shuffle', '', epoch)`.
 *
 * Defined as: purpose and path are written as (length, UTF-16 units packed by two, the first in the low half), one
 * after the other, padded with zeros to blocks of four uint32, and chained (CBC) through Philox keyed by the seed
 * (low, high word of its two's complement), state ← philox(state ⊕ block, seed), from zero; the key is the first two
 * words of the last state. Each position then folds in by {@link foldIn}.
 *
 * @param seed Any safe integer.
 * @param purpose What the numbers are for, say `'initialise'`.
 * @param path Where in the model or program, say `'net.0.weight'`.
 * @param positions Any safe integers: epoch, step, micro-batch …
 */
export function deriveKey(seed: number, purpose: string, path: string, ...positions: readonly number[]): RandomKey {
  const low = lowWord(seed, 'seed')
  const high = highWord(seed)
  const words: number[] = []
  appendText(words, purpose)
  appendText(words, path)
  const state = new Uint32Array(4)
  for (let i = 0; i < words.length; i += 4) {
    philox(
      (state[0] as number) ^ (words[i] as number),
      (state[1] as number) ^ (words[i + 1] ?? 0),
      (state[2] as number) ^ (words[i + 2] ?? 0),
      (state[3] as number) ^ (words[i + 3] ?? 0),
      low,
      high,
      state,
    )
  }
  let key: RandomKey = [state[0] as number, state[1] as number]
  for (const position of positions) key = foldIn(key, position)
  return key
}

/**
 * The key for one position of a stream of keys: the first two words of philox((low, high, 0x666f6c64, 0), key).
 *
 * Cheaper than {@link deriveKey} where the same purpose and path come back at every step.
 */
export function foldIn(key: RandomKey, position: number): RandomKey {
  const out = new Uint32Array(4)
  philox(lowWord(position, 'position'), highWord(position), FOLD, 0, key[0], key[1], out)
  return [out[0] as number, out[1] as number]
}

function appendText(words: number[], text: string): void {
  words.push(text.length)
  for (let i = 0; i < text.length; i += 2) {
    words.push(text.charCodeAt(i) | (i + 1 < text.length ? text.charCodeAt(i + 1) << 16 : 0))
  }
}

function lowWord(value: number, name: string): number {
  if (!Number.isSafeInteger(value)) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      expected: `the ${name} of a random key to be a safe integer`,
      found: describe(value),
      remedy: `Use a whole number between ±2⁵³.`,
    })
  }
  return value >>> 0
}

function highWord(value: number): number {
  return Math.floor(value / 2 ** 32) >>> 0
}
