import type { Platform } from '@levin/core'

/**
 * Milliseconds of work after which the event loop gets its turn. A turn costs microseconds; a person or a timer that waits
 * notices nothing below this.
 */
const INTERVAL = 10

/**
 * Lets go of the thread from time to time. Batches of an array and steps on a CPU need no waiting, so without it no timer, no
 * signal and no message would get through before the end of the epoch, an abort among them. What a run computes does not
 * depend on when it lets go.
 */
export class Turns {
  readonly #platform: Platform
  #last: number

  constructor(platform: Platform) {
    this.#platform = platform
    this.#last = platform.now()
  }

  /** A promise where it is time; to be awaited between windows or batches, where no scope of tfjs is open. */
  take(): Promise<void> | undefined {
    if (this.#platform.now() - this.#last < INTERVAL) return undefined
    return this.#let()
  }

  async #let(): Promise<void> {
    await this.#platform.nextTurn()
    // What others did with their turn is not ours: the interval begins after it.
    this.#last = this.#platform.now()
  }
}
