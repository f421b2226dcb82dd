import { LevinError } from '@levin/core'

/**
 * Whether a device can still be used. Commands to a GPU report their errors later and elsewhere: here they are kept, and
 * thrown at whoever calls next, so that nothing computes on with wrong numbers or waits for what will not come.
 */
export class DeviceHealth {
  #error: Error | undefined
  #isOwnEnd = false
  readonly #listeners = new Set<(reason: string) => void>()
  readonly #waiting = new Set<(error: Error) => void>()
  /** Rejects when the device is lost, by whomever. Never resolves. */
  readonly lost: Promise<never>

  constructor(device: GPUDevice, adapterName: string, outOfMemory: (cause: unknown) => Error) {
    this.lost = device.lost.then(({ reason, message }) => {
      const why = message || `the reason given is '${reason}'`
      const error = lostError(adapterName, this.#isOwnEnd ? 'it was torn down' : why)
      this.#error = error
      for (const fail of this.#waiting) fail(error)
      if (!this.#isOwnEnd) for (const listener of [...this.#listeners]) listener(why)
      throw error
    })
    // Where nobody waits for it, it is no unhandled rejection.
    this.lost.catch(() => {})
    device.addEventListener('uncapturederror', (event) => {
      const { error } = event as GPUUncapturedErrorEvent
      event.preventDefault()
      this.#error ??= error instanceof GPUOutOfMemoryError ? outOfMemory(error) : refusedError(error)
    })
  }

  get isLost(): boolean {
    return LevinError.isInstance(this.#error, 'LEVIN_DEVICE_LOST')
  }

  /**
   * Throws what has gone wrong on the device since the last call.
   *
   * @throws LEVIN_DEVICE_LOST, again and again; LEVIN_OUT_OF_MEMORY and refused commands once
   */
  check(): void {
    const error = this.#error
    if (error === undefined) return
    if (!this.isLost) this.#error = undefined
    throw error
  }

  /**
   * What `pending` comes to, or the loss of the device if that comes first. Not by `Promise.race` with {@link lost}, which would
   * keep what every read came to as long as the device lives.
   */
  async orLost<T>(pending: Promise<T>): Promise<T> {
    let fail: (error: Error) => void = () => {}
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

  /** The device goes since we end it: nobody is told. */
  expectEnd(): void {
    this.#isOwnEnd = true
  }

  onLost(listener: (reason: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

const lostError = (adapterName: string, reason: string): LevinError =>
  new LevinError('LEVIN_DEVICE_LOST', {
    message: `The GPU '${adapterName}' was lost: ${reason.replace(/(?<![.!?])$/, '.')}`,
    remedy: 'Every tensor on it is gone; continue from the last checkpoint.',
  })

const refusedError = (error: GPUError): Error =>
  new Error(`The GPU refused a command, and results since then cannot be trusted: ${error.message}`)
