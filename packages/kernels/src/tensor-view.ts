import type { Tensor } from '@tensorflow/tfjs-core'
import type { StagedData } from './staged-tensor.js'
import { asWasmBackend, findWasmBackend, type WasmBackend } from './wasm-backend.js'

/**
 * The memory of a tensor on the wasm heap itself: what is written to it, the tensor holds, and so does every tensor that
 * shares its data. A view dies when the heap grows, which any operation may cause, and shows somebody else's memory once the
 * tensor is disposed: ask for it where it is used.
 *
 * @param backend Default is the wasm backend, which must be initialised (`await tf.setBackend('wasm')`).
 * @returns `undefined` if the tensor does not live on this heap, was disposed, or holds strings or complex numbers
 */
export function tensorView(tensor: Tensor, backend?: unknown): StagedData | undefined {
  const { dataIdMap, wasm } = backend === undefined ? wasmBackend() : asWasmBackend(backend)
  const { dataId, dtype, size } = tensor
  // The map would ask other backends for what it has not, and move it here.
  if (!dataIdMap.has(dataId)) return undefined
  const address = dataIdMap.get(dataId)?.memoryOffset
  const View = VIEWS[dtype as keyof typeof VIEWS] as (typeof VIEWS)[keyof typeof VIEWS] | undefined
  if (address === null || address === undefined || View === undefined) return undefined
  return new View(wasm.HEAPU8.buffer as ArrayBuffer, address, size)
}

const wasmBackend = (): WasmBackend => asWasmBackend(findWasmBackend())

const VIEWS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }
