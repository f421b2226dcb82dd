// Everything this package knows of the inside of @tensorflow/tfjs-backend-wasm: where its heap is, where a tensor lies on
// it, and how memory is taken and given back. Checked against 4.22; nothing else reaches into the backend.
import { type DataType, engine, type KernelBackend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core'

export const backendName = 'wasm'

/** What the backend's allocator lets the heap grow to, in bytes: one page less than 4 GiB. */
export const heapLimitBytes = 65_535 * 65_536

/** What the backend keeps for each tensor. Strings lie on the JavaScript heap and have no address. */
interface TensorData {
  readonly memoryOffset: number | null
  readonly shape: number[]
  readonly dtype: DataType
}

type HostValues = Float32Array | Int32Array | Uint8Array | Uint8Array[]

/** The part of tfjs's `BackendWasm` that the kernels use. */
export interface WasmBackend {
  readonly wasm: {
    /** Replaced by the backend whenever the heap grows: never keep it. */
    readonly HEAPU8: Uint8Array
    readonly asm?: { readonly memory?: WebAssembly.Memory }
    readonly wasmMemory?: WebAssembly.Memory
    _malloc(bytes: number): number
    _free(address: number): void
  }
  readonly dataIdMap: { get(dataId: object): TensorData | undefined; has(dataId: object): boolean }
  /** @param memoryOffset memory of the allocator's that becomes the tensor's. Default: the backend takes some */
  makeOutput(shape: number[], dtype: DataType, memoryOffset?: number): TensorInfo
  disposeData(dataId: object, force?: boolean): boolean
  incRef(dataId: object): void
  readSync(dataId: object, start?: number, end?: number): HostValues
}

/** Takes any value for a backend, and refuses what does not look like tfjs's wasm backend. */
export function asWasmBackend(backend: unknown): WasmBackend {
  const candidate = backend as Partial<WasmBackend> | null | undefined
  if (candidate?.wasm === undefined || candidate.dataIdMap === undefined || candidate.makeOutput === undefined) {
    throw new Error(
      'Expected the backend of @tensorflow/tfjs-backend-wasm 4.22 with a heap of its own, found something else. ' +
        "Call `await tf.setBackend('wasm')` first, and check that the two packages have the same version.",
    )
  }
  return candidate as WasmBackend
}

/**
 * The backend if it is initialised, `null` before. Looks into tfjs's list: `findBackend` would start the backend, and
 * while one starts, every other throws that it is not ready.
 */
export function findWasmBackend(): WasmBackend | null {
  const found: unknown = engine().registry[backendName]
  return found === undefined ? null : asWasmBackend(found)
}

/** The heap itself. The multi-threaded build keeps its own to itself, and its memory is shared: neither can be used. */
export function heapMemory(backend: WasmBackend): WebAssembly.Memory {
  const memory = backend.wasm.asm?.memory ?? backend.wasm.wasmMemory
  // By its tag: under some test runners the backend lives in another realm, with an ArrayBuffer of its own.
  if (memory === undefined || Object.prototype.toString.call(memory.buffer) !== '[object ArrayBuffer]') {
    throw new Error(
      'Expected a wasm backend with an unshared memory, found the multi-threaded build. ' +
        "Call `tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)` before the backend is initialised.",
    )
  }
  return memory
}

/** The address of a tensor's first element on the heap. */
export function addressOf(backend: WasmBackend, tensor: TensorInfo): number {
  const data = backend.dataIdMap.get(tensor.dataId)
  if (data === undefined || data.memoryOffset === null) {
    throw new Error(`Expected a numeric tensor on the wasm heap, found dtype ${tensor.dtype} or a disposed tensor.`)
  }
  return data.memoryOffset
}

/** Takes memory from the backend's own allocator; the heap grows if it must. */
export function allocate(backend: WasmBackend, bytes: number, purpose: string): number {
  const address = bytes > heapLimitBytes ? 0 : backend.wasm._malloc(bytes) >>> 0
  if (address === 0) throw outOfMemory(backend, bytes, purpose)
  return address
}

export function release(backend: WasmBackend, address: number): void {
  backend.wasm._free(address)
}

/** A tensor with undefined contents. complex64 lies interleaved: eight bytes per element. */
export function allocateTensor(backend: WasmBackend, shape: readonly number[], dtype: DataType): TensorInfo {
  const bytes = shape.reduce((product, length) => product * length, bytesPerElement(dtype))
  // Beyond 32 bits the allocator would see the size modulo 4 GiB, and hand out too little.
  const tensor = bytes > heapLimitBytes ? undefined : backend.makeOutput([...shape], dtype)
  const failed = tensor !== undefined && bytes > 0 && backend.dataIdMap.get(tensor.dataId)?.memoryOffset === 0
  if (failed) backend.disposeData(tensor.dataId)
  if (tensor === undefined || failed) throw outOfMemory(backend, bytes, `a ${dtype} tensor of shape [${shape}]`)
  return tensor
}

/** A tensor of memory that {@link allocate} gave; from now on it is freed with the tensor, and by nobody else. */
export function tensorAt(backend: WasmBackend, address: number, shape: readonly number[], dtype: DataType): Tensor {
  const info = backend.makeOutput([...shape], dtype, address)
  return engine().makeTensorFromTensorInfo(info, backend as unknown as KernelBackend)
}

export function bytesPerElement(dtype: DataType): number {
  if (dtype === 'complex64') return 8
  return dtype === 'bool' ? 1 : 4
}

const complexBackends = new WeakSet<WasmBackend>()

/** Teaches the backend to hand complex64 tensors to the host; the stock one can hold them, but refuses to read them. */
export function readComplexTensors(backend: WasmBackend): void {
  if (complexBackends.has(backend)) return
  complexBackends.add(backend)
  const stock = backend.readSync
  backend.readSync = (dataId, start, end) => {
    const data = backend.dataIdMap.get(dataId)
    if (data?.dtype !== 'complex64' || data.memoryOffset === null) return stock.call(backend, dataId, start, end)
    const length = data.shape.reduce((product, size) => product * size, 1)
    const from = data.memoryOffset + (start ?? 0) * 8
    const to = data.memoryOffset + (end ?? length) * 8
    return new Float32Array(backend.wasm.HEAPU8.slice(from, to).buffer)
  }
}

function outOfMemory(backend: WasmBackend, bytes: number, purpose: string): Error {
  const heap = heapMemory(backend).buffer.byteLength
  return new Error(
    `The wasm heap has no room for ${bytes} bytes (${purpose}); it has grown to ${heap} bytes, and cannot exceed ${heapLimitBytes}. ` +
      'Use a smaller batch, or dispose of tensors that are no longer needed.',
  )
}
