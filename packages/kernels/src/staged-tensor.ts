import type { Tensor } from '@tensorflow/tfjs-core'
import { sizeOf } from './kernel-definition.js'
import { allocate, asWasmBackend, findWasmBackend, release, tensorAt, type WasmBackend } from './wasm-backend.js'

/** dtypes that the host can write as they lie on the heap. */
export type StagedType = 'float32' | 'int32' | 'bool'

export type StagedData = Float32Array | Int32Array | Uint8Array

/**
 * Memory on the wasm heap that the host fills, and that then becomes a tensor as it is. `tf.tensor()` would have the values
 * in an array of JavaScript first, and copy them.
 *
 * Whoever stages a tensor either calls `toTensor` or `release`: no scope of tfjs knows of it before.
 */
export class StagedTensor {
  readonly shape: readonly number[]
  readonly dtype: StagedType
  readonly #backend: WasmBackend
  #length: number
  /** 0 once the memory is a tensor's, or given back. */
  #address: number
  #view: StagedData

  constructor(backend: WasmBackend, shape: readonly number[], dtype: StagedType) {
    this.shape = shape
    this.dtype = dtype
    this.#backend = backend
    this.#length = sizeOf(shape)
    this.#address = allocate(backend, shape, dtype)
    this.#view = this.#fresh()
  }

  /**
   * The memory, row by row. What is in it at first is undefined. A view dies when the heap grows, which any operation may
   * cause: ask for it again rather than keep it. Empty after `toTensor` and `release`.
   */
  get data(): StagedData {
    // A dead view has no length. Asking a WebAssembly.Memory for its buffer costs as much as all the rest of an upload.
    if (this.#view.length !== this.#length) this.#view = this.#fresh()
    return this.#view
  }

  #fresh(): StagedData {
    return new VIEWS[this.dtype](this.#backend.wasm.HEAPU8.buffer as ArrayBuffer, this.#address, this.#length)
  }

  /**
   * The tensor, an ordinary one: the open scope of tfjs or whoever has it disposes it.
   *
   * @throws if it has been made already, or the memory was given back
   */
  toTensor(): Tensor {
    const address = this.#address
    if (address === 0) {
      throw new Error(
        `Expected a staged tensor that can be made a ${this.dtype} tensor of shape [${this.shape}], found one whose ` +
          'memory is a tensor’s already, or was given back. Stage one for each tensor.',
      )
    }
    this.#leave()
    return tensorAt(this.#backend, address, this.shape, this.dtype)
  }

  /** Gives the memory back; does nothing if it is a tensor's, or was given back before. */
  release(): void {
    const address = this.#address
    if (address === 0) return
    this.#leave()
    release(this.#backend, address, this.shape, this.dtype)
  }

  #leave(): void {
    this.#address = 0
    this.#length = 0
    this.#view = EMPTY[this.dtype]
  }
}

const VIEWS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }
const EMPTY = { float32: new Float32Array(0), int32: new Int32Array(0), bool: new Uint8Array(0) }

/**
 * Takes memory for a tensor whose values are about to be written, all of them.
 *
 * @param backend Default is the wasm backend, which must be initialised (`await tf.setBackend('wasm')`).
 *
 * @example
 * const staged = stageTensor([64, 784], 'float32')
 * staged.data.set(pixels)
 * const images = staged.toTensor()
 *
 * @throws OutOfMemoryError
 */
export function stageTensor(
  shape: readonly number[],
  dtype: StagedType,
  backend: unknown = findWasmBackend(),
): StagedTensor {
  return new StagedTensor(asWasmBackend(backend), shape, dtype)
}
