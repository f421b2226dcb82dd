import { describe, LevinError } from '../errors.js'
import type { RandomKey } from './key.js'
import { multiplyHigh, philox } from './philox.js'

/**
 * The words of one key, one after the other, for draws whose number nobody knows beforehand.
 *
 * `position` is all of its state: a sequence with the same key and position goes on in the same way.
 */
export class RandomSequence {
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
