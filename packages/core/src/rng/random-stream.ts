import { describe, LevinError } from '../errors.js'
import type { RandomKey } from './key.js'
import { multiplyHigh, philox } from './philox.js'

/**
 * The words of one key, one after the other, for draws whose number nobody knows beforehand.
 *
 * `position` is all of its state: a stream with the same key and position goes on in the same way.
 */
export class RandomStream {
  private readonly words = new Uint32Array(4)
  private block = -1

  constructor(
    private readonly key: RandomKey,
    /** Words drawn so far. Default 0. */
    public position = 0,
  ) {}

  /** The next uint32. */
  word(): number {
    const block = Math.floor(this.position / 4)
    if (block !== this.block) {
      philox(block, Math.floor(block / 2 ** 32), 0, 0, this.key[0], this.key[1], this.words)
      this.block = block
    }
    return this.words[this.position++ % 4] as number
  }

  /** A uniform number in [0, 1) with 53 random bits. Takes two words. */
  uniform(): number {
    const high = this.word() >>> 5
    return (high * 2 ** 26 + (this.word() >>> 6)) * 2 ** -53
  }

  /** A normally distributed number, mean 0 and standard deviation 1. Takes four words. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }

  /**
   * A whole number in [0, bound), each with exactly the same probability (Lemire 2019, "Fast random integer generation
   * in an interval"). Takes one word, rarely more.
   *
   * @param bound From 1 to 2³².
   */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new LevinError('LEVIN_BAD_OPTION', { expected: 'a bound from 1 to 2³²', found: describe(bound) })
    }
    let word = this.word()
    if (bound === 2 ** 32) return word
    let low = Math.imul(word, bound) >>> 0
    if (low < bound) {
      const threshold = (2 ** 32 - bound) % bound
      while (low < threshold) {
        word = this.word()
        low = Math.imul(word, bound) >>> 0
      }
    }
    return multiplyHigh(word, bound) >>> 0
  }
}

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
  const stream = new RandomStream(key)
  for (let i = length - 1; i > 0; i--) {
    const other = stream.integer(i + 1)
    const value = order[i] as number
    order[i] = order[other] as number
    order[other] = value
  }
  return order
}
