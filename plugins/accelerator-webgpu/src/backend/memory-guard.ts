import { LevinError } from '@levin/core'
import type { BackendInsides, BufferPool } from './tfjs-backend.js'

/** What the buffers of a device come to. All but `pooledBuffers` in bytes. */
export interface BufferStatistics {
  /** In use: tensors, and what commands that have not been submitted need. */
  readonly used: number
  /** Most of `used` at one time. */
  readonly peak: number
  /** Taken from the device: `used`, and what the pool keeps for the next tensor of a size. */
  readonly allocated: number
  readonly pooledBuffers: number
}

/**
 * Stands between the backend and its pool of buffers: holds a budget, gives pooled memory back when it is needed in another
 * size, and says which allocation did not fit.
 */
export class MemoryGuard {
  #peak = 0
  /** The kernel that runs, and the tensor that memory is taken for: for errors. */
  kernel: string | undefined
  tensor: { readonly dtype: string; readonly shape: readonly number[] } | undefined
  readonly #backend: BackendInsides
  readonly #pool: BufferPool
  #budget = Number.POSITIVE_INFINITY

  constructor(backend: BackendInsides) {
    this.#backend = backend
    this.#pool = backend.bufferManager
    const acquire = this.#pool.acquireBuffer.bind(this.#pool)
    this.#pool.acquireBuffer = (size, usage, mappedAtCreation, reuse) => {
      const isPooled = reuse !== false && (this.#pool.freeBuffers.get(`${size}_${usage}`)?.length ?? 0) > 0
      if (!isPooled) this.#makeRoom(size, usage)
      const buffer = acquire(size, usage, mappedAtCreation, reuse)
      this.#peak = Math.max(this.#peak, this.#pool.numBytesUsed)
      return buffer
    }
  }

  statistics(): BufferStatistics {
    const { numBytesUsed, numBytesAllocated, numFreeBuffers } = this.#pool
    return { used: numBytesUsed, peak: this.#peak, allocated: numBytesAllocated, pooledBuffers: numFreeBuffers }
  }

  /** Begins a new account. */
  start(budget: number = Number.POSITIVE_INFINITY): void {
    this.#budget = budget
    this.#peak = this.#pool.numBytesUsed
  }

  /** What the device itself refused. */
  refused(cause: unknown): LevinError {
    return this.#failure('The GPU has no memory left', undefined, cause)
  }

  #makeRoom(size: number, usage: number): void {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#backend.device.limits
    const limit = usage & GPUBufferUsage.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize
    if (size > limit) {
      throw this.#failure(`No buffer of this GPU may be larger than ${amount(limit)}`, size, undefined)
    }
    if (this.#fits(size)) return
    this.empty()
    if (this.#fits(size)) return
    // What was disposed of since the last submission is free only after the next.
    if (this.#backend.commandEncoder) {
      this.#backend.endComputePassEncoder()
      this.#backend.submitQueue()
      this.empty()
    }
    if (!this.#fits(size)) throw this.#failure(`The budget of ${amount(this.#budget)} is spent`, size, undefined)
  }

  #fits(size: number): boolean {
    return this.#pool.numBytesAllocated + size <= this.#budget
  }

  /** Gives back what the pool keeps. What has been submitted still runs to its end. */
  empty(): void {
    for (const buffers of this.#pool.freeBuffers.values()) {
      for (const buffer of buffers) {
        this.#pool.numBytesAllocated -= buffer.size
        this.#pool.numFreeBuffers--
        buffer.destroy()
      }
      buffers.length = 0
    }
  }

  #purpose(): string {
    const { kernel, tensor } = this
    const what = tensor ? `a ${tensor.dtype} tensor of shape [${tensor.shape.join(', ')}]` : 'a buffer'
    return kernel === undefined ? what : `${what}, in the kernel ${kernel}`
  }

  #failure(what: string, size: number | undefined, cause: unknown): LevinError {
    const { numBytesUsed, numBytesAllocated } = this.#pool
    const room = size === undefined ? 'room' : `room for ${amount(size)}`
    return new LevinError('LEVIN_OUT_OF_MEMORY', {
      message: `${what}.`,
      expected: `${room} (${this.#purpose()})`,
      found: `${amount(numBytesUsed)} in use and ${amount(numBytesAllocated - numBytesUsed)} in the pool`,
      remedy: 'Use a smaller batch, or dispose of tensors that are no longer needed.',
      cause,
    })
  }
}

/** `150000 bytes`, `1310720 bytes (1.3 MiB)`. */
function amount(bytes: number): string {
  const [size, unit] = bytes < 2 ** 30 ? [bytes / 2 ** 20, 'MiB'] : [bytes / 2 ** 30, 'GiB']
  return size < 1 ? `${bytes} bytes` : `${bytes} bytes (${size.toFixed(size < 10 ? 2 : 0)} ${unit})`
}
