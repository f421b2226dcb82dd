// Everything this package knows of the inside of @tensorflow/tfjs-backend-wasm: where its heap is, where a tensor lies on
// it, and how memory is taken and given back. Checked against 4.22; nothing else reaches into the backend.
import { type DataType, engine, type KernelBackend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core'
import { Heap } from './heap.js'
import { sizeOf } from './kernel-definition.js'
import { noteReleased, noteTaken } from './running-kernel.js'

export const backendName = 'wasm'

/** What the backend keeps for each tensor. Strings lie on the JavaScript heap and have no address. */
interface TensorData {
  readonly id: number
  readonly memoryOffset: number | null
  readonly shape: number[]
  readonly dtype: DataType
  refCount: number
  /** What is in the account for it; absent where the stock backend allocated. */
  bytes?: number
}

type HostValues = Float32Array | Int32Array | Uint8Array | readonly Uint8Array[]

/** The part of tfjs's `BackendWasm` that the kernels use. */
export interface WasmBackend {
  readonly wasm: {
    /** Replaced by the backend whenever the heap grows: never keep it. */
    readonly HEAPU8: Uint8Array
    readonly asm?: { readonly memory?: WebAssembly.Memory }
    readonly wasmMemory?: WebAssembly.Memory
    _malloc(bytes: number): number
    _free(address: number): void
    readonly tfjs: {
      registerTensor(id: number, size: number, address: number): void
      disposeData(id: number): void
    }
    /** A function of the compiled part, called with numbers; a result of type `number` is an int32. */
    cwrap(name: string, result: string | null, parameters: unknown[]): (...values: unknown[]) => unknown
  }
  readonly dataIdMap: {
    get(dataId: object): TensorData | undefined
    has(dataId: object): boolean
    set(dataId: object, data: TensorData): void
    delete(dataId: object): boolean
  }
  /** Numbers by which the kernels inside know tensors. */
  dataIdNextNumber: number
  /** Allocates every tensor: uploads, outputs of kernels, what comes from another backend. */
  move(dataId: object, values: HostValues | null, shape: number[], dtype: DataType, refCount: number): void
  /** @param address of memory that the compiled part has allocated; default is to allocate */
  /** Lets `move` make the data of a new tensor. */
  write(values: HostValues | null, shape: number[], dtype: DataType): object
  makeOutput(shape: number[], dtype: DataType, address?: number | null, values?: HostValues): TensorInfo
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

/** Memory for a tensor that the host fills first: {@link tensorAt} makes it, or {@link release} gives the memory back. */
export function allocate(backend: WasmBackend, shape: readonly number[], dtype: DataType): number {
  return takeFor(prepareBackend(backend).heap, shape, dtype, sizeOf(shape) * bytesPerElement(dtype))
}

export function release(backend: WasmBackend, address: number, shape: readonly number[], dtype: DataType): void {
  giveBack(prepareBackend(backend).heap, address, sizeOf(shape) * bytesPerElement(dtype))
}

/** A tensor of memory that {@link allocate} gave; from now on it is freed with the tensor, and by nobody else. */
export function tensorAt(backend: WasmBackend, address: number, shape: readonly number[], dtype: DataType): Tensor {
  const info = backend.makeOutput([...shape], dtype, address)
  const data = backend.dataIdMap.get(info.dataId) as TensorData
  data.bytes = sizeOf(shape) * bytesPerElement(dtype)
  return engine().makeTensorFromTensorInfo(info, backend as unknown as KernelBackend)
}

/** A tensor with undefined contents. complex64 lies interleaved: eight bytes per element. */
export function allocateTensor(backend: WasmBackend, shape: readonly number[], dtype: DataType): TensorInfo {
  return backend.makeOutput([...shape], dtype)
}

export function bytesPerElement(dtype: DataType): number {
  if (dtype === 'complex64') return 8
  return dtype === 'bool' ? 1 : 4
}

/** What was changed of one backend. */
export interface PreparedBackend {
  readonly heap: Heap
  /** Gives up a reference to data, unseen by the watch over kernels. */
  readonly drop: (dataId: object) => void
}

const prepared = new WeakMap<WasmBackend, PreparedBackend>()

/**
 * Mends the backend where it goes wrong: memory that is not there is an error, and not address 0; memory is accounted for;
 * complex64 can be read. Done once for each backend, before its first tensor where possible: older ones are not counted.
 */
export function prepareBackend(backend: WasmBackend): PreparedBackend {
  const found = prepared.get(backend)
  if (found !== undefined) return found
  const { wasm } = backend
  const memory = heapMemory(backend)
  const heap = new Heap({ memory, malloc: (bytes) => wasm._malloc(bytes), free: (address) => wasm._free(address) })
  allocateOrThrow(backend, heap)
  const made = { heap, drop: countReferences(backend, heap) }
  readAddressesUnsigned(backend)
  readComplexTensors(backend)
  prepared.set(backend, made)
  return made
}

/** As the stock method, but for what happens where there is no memory: that one writes to address 0, over the stack. */
function allocateOrThrow(backend: WasmBackend, heap: Heap): void {
  const { wasm, dataIdMap, move } = backend
  backend.move = (dataId, values, shape, dtype, refCount) => {
    if (dtype === 'string') {
      move.call(backend, dataId, values, shape, dtype, refCount)
      noteTaken(dataId)
      return
    }
    const size = sizeOf(shape)
    const bytes = size * bytesPerElement(dtype)
    const source = ArrayBuffer.isView(values) ? new Uint8Array(values.buffer, values.byteOffset, bytes) : undefined
    const memoryOffset = takeFor(heap, shape, dtype, bytes)
    const id = backend.dataIdNextNumber++
    try {
      wasm.tfjs.registerTensor(id, size, memoryOffset)
    } catch (error) {
      const explained = heap.explain(error)
      giveBack(heap, memoryOffset, bytes)
      throw explained
    }
    dataIdMap.set(dataId, { id, memoryOffset, shape, dtype, refCount, bytes })
    noteTaken(dataId)
    if (source !== undefined) wasm.HEAPU8.set(source, memoryOffset)
  }
}

function takeFor(heap: Heap, shape: readonly number[], dtype: DataType, bytes: number): number {
  const address = heap.take(bytes)
  if (address === 0) throw heap.outOfMemory(bytes, `${dtype} tensor of shape [${shape.join(', ')}]`)
  heap.account.addTensor(bytes)
  return address
}

function giveBack(heap: Heap, address: number, bytes: number): void {
  heap.free(address)
  heap.account.addTensor(-bytes)
}

/** As the stock methods, and counted. */
function countReferences(backend: WasmBackend, heap: Heap): PreparedBackend['drop'] {
  const { wasm, dataIdMap } = backend
  const drop = (dataId: object, force = false): boolean => {
    // The map asks other backends for what it has not.
    const data = dataIdMap.has(dataId) ? dataIdMap.get(dataId) : undefined
    if (data === undefined) return true
    data.refCount--
    if (!force && data.refCount > 0) return false
    giveBack(heap, data.memoryOffset ?? 0, data.bytes ?? 0)
    wasm.tfjs.disposeData(data.id)
    dataIdMap.delete(dataId)
    return true
  }
  backend.disposeData = (dataId, force) => {
    noteReleased(dataId)
    return drop(dataId, force)
  }
  const { incRef } = backend
  backend.incRef = (dataId) => {
    incRef.call(backend, dataId)
    noteTaken(dataId)
  }
  return drop
}

/** Only non-maximum suppression gets addresses from the compiled part; they are negative beyond 2 GiB. */
function readAddressesUnsigned(backend: WasmBackend): void {
  const { wasm, makeOutput } = backend
  const { cwrap } = wasm
  wasm.cwrap = (name, result, parameters) => {
    const call = cwrap(name, result, parameters)
    return name.startsWith('NonMaxSuppression') ? (...values) => (call(...values) as number) >>> 0 : call
  }
  backend.makeOutput = (shape, dtype, address, values) => {
    if (address != null) return makeOutput.call(backend, shape, dtype, address >>> 0)
    return { dataId: backend.write(values ?? null, shape, dtype), shape, dtype }
  }
}

/** The stock backend can hold complex64 tensors, but refuses to hand them to the host. */
function readComplexTensors(backend: WasmBackend): void {
  const stock = backend.readSync
  backend.readSync = (dataId, start, end) => {
    const data = backend.dataIdMap.get(dataId)
    if (data?.dtype !== 'complex64' || data.memoryOffset === null) return stock.call(backend, dataId, start, end)
    const length = sizeOf(data.shape)
    const from = data.memoryOffset + (start ?? 0) * 8
    const to = data.memoryOffset + (end ?? length) * 8
    return new Float32Array(backend.wasm.HEAPU8.slice(from, to).buffer)
  }
}
