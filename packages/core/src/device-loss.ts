import { LevinError } from './errors.js'

/**
 * Whether a device is still there, for accelerators whose device may go: a graphics driver that restarts, a page whose context
 * is taken away. Whoever calls next hears of it by {@link check}, and whoever waits for values, which will not come, by
 * {@link orLost}: a run then goes back to its last checkpoint.
 */
export class DeviceLoss {
  readonly #device: string
  readonly #listeners = new Set<(reason: string) => void>()
  readonly #waiting = new Set<(error: LevinError) => void>()
  #error: LevinError | undefined

  /** @param device as errors begin with it: `The GPU 'Apple M2'` */
  constructor(device: string) {
    this.#device = device
  }

  get isLost(): boolean {
    return this.#error !== undefined
  }

  /** @throws LEVIN_DEVICE_LOST once it is lost, again and again */
  check(): void {
    if (this.#error) throw this.#error
  }

  /**
   * What `pending` comes to, or the loss of the device if that comes first. Not by `Promise.race` with one promise of the loss,
   * which would keep what every read came to as long as the device lives.
   */
  async orLost<T>(pending: Promise<T>): Promise<T> {
    this.check()
    let fail: (error: LevinError) => void = () => {}
    try {
      return await new Promise<T>((resolve, reject) => {
        fail = reject
        this.#waiting.add(fail)
        pending.then(resolve, reject)
      })
    } finally {
      this.#waiting.delete(fail)
    }
  }

  /**
   * It is gone. Only the first call counts.
   *
   * @param reason half a sentence
   * @param isOwnEnd whether it was ended on purpose: no listener is told then
   * @returns the error that everybody gets from here on
   */
  lose(reason: string, isOwnEnd = false): LevinError {
    if (this.#error) return this.#error
    const error = new LevinError('LEVIN_DEVICE_LOST', {
      message: `${this.#device} was lost: ${reason.replace(/(?<![.!?])$/, '.')}`,
      remedy: 'Every tensor on it is gone; continue from the last checkpoint.',
    })
    this.#error = error
    for (const fail of this.#waiting) fail(error)
    if (!isOwnEnd) for (const listener of [...this.#listeners]) listener(reason)
    return error
  }

  /** Returns the function that unsubscribes. */
  onLost(listener: (reason: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
