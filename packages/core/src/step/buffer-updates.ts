import { clone, type Tensor } from '@tensorflow/tfjs-core'
import type { Buffer } from '../buffer.js'
import { keep } from '../engine.js'

/**
 * The buffer values that a window has set and not yet committed. Shared by the window's micro-batches, so that each
 * sees what the one before it left.
 */
export class BufferUpdates {
  readonly #pending = new Map<Buffer, Tensor>()

  read(buffer: Buffer): Tensor {
    return this.#pending.get(buffer) ?? buffer.value
  }

  set(buffer: Buffer, value: Tensor): void {
    buffer.requireShape(value.shape)
    this.#pending.get(buffer)?.dispose()
    this.#pending.set(buffer, keep(clone(value)))
  }

  /** Makes the values the buffers'. */
  commit(): void {
    for (const [buffer, value] of this.#pending) buffer.assign(value)
    this.#pending.clear()
  }

  /** Forgets them: the window failed. */
  discard(): void {
    for (const value of this.#pending.values()) value.dispose()
    this.#pending.clear()
  }
}
