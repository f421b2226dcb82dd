import { existingRuntime } from './runtime.js'
import { asWasmBackend, findWasmBackend, heapLimitBytes, heapMemory } from './wasm-backend.js'

/** Memory of the wasm backend, in bytes. */
export interface WasmMemory {
  /** Size of the heap. A wasm heap never shrinks, so this is its peak as well. */
  readonly heapBytes: number
  /** What a wasm heap can grow to. */
  readonly limitBytes: number
  /** Scratch memory that the kernels keep for their next call; part of the heap. */
  readonly workspaceBytes: number
}

/**
 * Memory of a wasm backend; `tf.memory()` says what the tensors on it take.
 *
 * @param backend Default is the wasm backend, which must be initialised (`await tf.setBackend('wasm')`).
 */
export function wasmMemory(backend: unknown = findWasmBackend()): WasmMemory {
  const target = asWasmBackend(backend)
  return {
    heapBytes: heapMemory(target).buffer.byteLength,
    limitBytes: heapLimitBytes,
    workspaceBytes: existingRuntime(target)?.workspaceBytes ?? 0,
  }
}
