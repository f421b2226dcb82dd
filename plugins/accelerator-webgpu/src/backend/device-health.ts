import { DeviceLoss } from '@levin/core'

/**
 * Whether a device can still be used. Commands to a GPU report their errors later and elsewhere: here they are kept, and
 * thrown at whoever calls next, so that nothing computes on with wrong numbers or waits for what will not come.
 */
export class DeviceHealth {
  /** Refused commands. */
  #error: Error | undefined
  #isOwnEnd = false
  readonly #loss: DeviceLoss
  /** Rejects when the device is lost, by whomever. Never resolves. */
  readonly lost: Promise<never>

  constructor(device: GPUDevice, adapterName: string, outOfMemory: (cause: unknown) => Error) {
    this.#loss = new DeviceLoss(`The GPU '${adapterName}'`)
    this.lost = device.lost.then(({ reason, message }) => {
      const why = this.#isOwnEnd ? 'it was torn down' : message || `the reason given is '${reason}'`
      throw this.#loss.lose(why, this.#isOwnEnd)
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
    return this.#loss.isLost
  }

  /**
   * Throws what has gone wrong on the device since the last call.
   *
   * @throws LEVIN_DEVICE_LOST, again and again; LEVIN_OUT_OF_MEMORY and refused commands once
   */
  check(): void {
    this.#loss.check()
    const error = this.#error
    if (error === undefined) return
    this.#error = undefined
    throw error
  }

  orLost<T>(pending: Promise<T>): Promise<T> {
    return this.#loss.orLost(pending)
  }

  /** The device goes since we end it: nobody is told. */
  expectEnd(): void {
    this.#isOwnEnd = true
  }

  onLost(listener: (reason: string) => void): () => void {
    return this.#loss.onLost(listener)
  }
}

const refusedError = (error: GPUError): Error =>
  new Error(`The GPU refused a command, and results since then cannot be trusted: ${error.message}`)
