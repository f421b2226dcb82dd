import {
  type DataType,
  getKernel,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core'
import { instantiateKernels } from './blas/active-blas.js'
import type { Heap } from './heap.js'
import { compileModule, type KernelExports } from './module.js'
import { addressOf, allocateTensor, backendName, heapMemory, prepareBackend, type WasmBackend } from './wasm-backend.js'

/** The kernels bound to the heap of one backend. */
export class Runtime {
  readonly backend: WasmBackend
  readonly wasm: KernelExports
  readonly #memory: WebAssembly.Memory
  readonly #heap: Heap
  #workspace = 0
  #workspaceBytes = 0

  constructor(backend: WasmBackend) {
    this.backend = backend
    this.#memory = heapMemory(backend)
    this.#heap = prepareBackend(backend).heap
    this.wasm = instantiateKernels(compileModule(), this.#memory)
  }

  /** The heap as it is now. A view dies when the heap grows, so take a new one after every allocation. */
  get heap(): ArrayBuffer {
    return this.#memory.buffer as ArrayBuffer
  }

  /** The address of scratch memory for one kernel call. It is kept for the next, and replaced by a larger one if need be. */
  workspace(bytes: number): number {
    if (bytes > this.#workspaceBytes) {
      this.releaseWorkspace()
      this.#workspace = this.#heap.take(bytes)
      if (this.#workspace === 0) throw this.#heap.outOfMemory(bytes, 'workspace')
      this.#workspaceBytes = bytes
      this.#heap.account.addWorkspace(bytes)
    }
    return this.#workspace
  }

  releaseWorkspace(): void {
    if (this.#workspace === 0) return
    this.#heap.free(this.#workspace)
    this.#heap.account.addWorkspace(-this.#workspaceBytes)
    this.#workspace = 0
    this.#workspaceBytes = 0
  }

  address(tensor: TensorInfo): number {
    return addressOf(this.backend, tensor)
  }

  /** A new tensor, not yet filled. */
  output(shape: readonly number[], dtype: DataType): TensorInfo {
    return allocateTensor(this.backend, shape, dtype)
  }

  /** The same data in another shape of as many elements. */
  share({ dataId, dtype }: TensorInfo, shape: readonly number[]): TensorInfo {
    this.backend.incRef(dataId)
    return { dataId, shape: [...shape], dtype }
  }

  /** Disposes of a tensor made within a kernel. */
  dispose(tensor: TensorInfo): void {
    this.backend.disposeData(tensor.dataId)
  }

  /** Replaces an intermediate tensor by what a kernel makes of it. */
  replace(value: TensorInfo, make: (value: TensorInfo) => TensorInfo): TensorInfo {
    const next = make(value)
    this.dispose(value)
    return next
  }

  /** Calls another kernel of the backend, whoever registered it. */
  run(name: string, inputs: NamedTensorInfoMap, attrs: NamedAttrMap = {}): TensorInfo {
    const kernel = getKernel(name, backendName) as { kernelFunc: KernelFunc } | undefined
    if (kernel === undefined) throw new Error(`The wasm backend has no kernel ${name}; is the backend imported whole?`)
    return kernel.kernelFunc({ inputs, backend: this.backend, attrs }) as TensorInfo
  }
}

const runtimes = new WeakMap<WasmBackend, Runtime>()

/** The runtime of a backend, made at its first use. */
export function runtimeOf(backend: WasmBackend): Runtime {
  let runtime = runtimes.get(backend)
  if (runtime === undefined) {
    runtime = new Runtime(backend)
    runtimes.set(backend, runtime)
  }
  return runtime
}

/** Unbinds the kernels from a backend and gives the workspace back; the next call binds them again. */
export function releaseRuntime(backend: WasmBackend): void {
  runtimes.get(backend)?.releaseWorkspace()
  runtimes.delete(backend)
}
