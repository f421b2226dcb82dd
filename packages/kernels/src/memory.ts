import { heapLimitBytes } from './heap.js'
import { asWasmBackend, findWasmBackend, prepareBackend } from './wasm-backend.js'

/** Memory of the wasm backend, in bytes. */
export interface WasmMemory {
  /** Size of the heap. A wasm heap never shrinks, so this is its peak as well. */
  readonly heapBytes: number
  /** What a wasm heap can grow to. */
  readonly limitBytes: number
  /**
   * Data of tensors on the heap, intermediate ones of running kernels among them; what several tensors share counts once.
   * Tensors older than the call of `registerKernels` are not in it.
   */
  readonly tensorBytes: number
  /** Scratch memory that the kernels keep for their next call. */
  readonly workspaceBytes: number
  /** Most bytes of tensors and workspace together, at any moment since the start or {@link resetWasmPeak}. */
  readonly peakBytes: number
}

/**
 * Memory of a wasm backend. Costs nothing: all of it is counted as it is taken.
 *
 * @param backend Default is the wasm backend, which must be initialised (`await tf.setBackend('wasm')`).
 */
export function wasmMemory(backend: unknown = findWasmBackend()): WasmMemory {
  const { heap } = prepareBackend(asWasmBackend(backend))
  const { tensorBytes, workspaceBytes, peakBytes } = heap.account
  return { heapBytes: heap.bytes, limitBytes: heapLimitBytes, tensorBytes, workspaceBytes, peakBytes }
}

/** Lets `peakBytes` of {@link wasmMemory} begin again, at what lies on the heap now. */
export function resetWasmPeak(backend: unknown = findWasmBackend()): void {
  prepareBackend(asWasmBackend(backend)).heap.account.resetPeak()
}
