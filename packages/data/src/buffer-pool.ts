import { isHostTensor, type NumericData, type NumericType } from '@levin/core'
import type { Allocate } from './dataset.js'
import { allocate, product } from './numbers.js'

/** Enough for a batch in use, one read ahead and one on its way back, with room for columns of equal size. */
const KEPT = 8

/**
 * Buffers of batches that came back. A new array of 200 kB costs several times what filling it does: the system zeroes
 * its pages one by one when they are first touched.
 */
export class BufferPool {
  readonly #free = new Map<string, NumericData[]>()
  /** Only what was given out from here is taken back, and each only once. */
  readonly #out = new WeakSet<NumericData>()

  readonly allocate: Allocate = (shape, dtype) => {
    const length = product(shape)
    const data = this.#free.get(key(dtype, length))?.pop() ?? allocate(dtype, length)
    this.#out.add(data)
    return { data, shape, dtype }
  }

  /** Takes back the buffers of a batch. */
  recycle(batch: unknown): void {
    if (typeof batch !== 'object' || batch === null || ArrayBuffer.isView(batch)) return
    if (isHostTensor(batch)) this.#take(batch.data, batch.dtype)
    else for (const part of Object.values(batch)) this.recycle(part)
  }

  #take(data: NumericData, dtype: NumericType): void {
    // A buffer that was transferred to a worker has no bytes left; nor has what was staged on a device.
    if (!this.#out.delete(data) || data.length === 0) return
    const name = key(dtype, data.length)
    const free = this.#free.get(name) ?? []
    if (free.length < KEPT) free.push(data)
    this.#free.set(name, free)
  }
}

const key = (dtype: NumericType, length: number): string => `${dtype} ${length}`
