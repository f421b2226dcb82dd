import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import type { BackendValues, DataType, TensorInfo } from '@tensorflow/tfjs-core'

/** The part of `@tensorflow/tfjs-backend-webgpu` that is called. */
export interface WebgpuLibrary {
  readonly WebGPUBackend: typeof WebGPUBackend
}

/** What a backend holds of one tensor's data. */
export interface TensorData {
  values: BackendValues | null
  readonly dtype: DataType
  readonly shape: number[]
  resource?: GPUBuffer | GPUTexture | GPUExternalTexture | null
}

/** tfjs's pool of buffers, by size and usage. */
export interface BufferPool {
  numUsedBuffers: number
  numFreeBuffers: number
  numBytesUsed: number
  numBytesAllocated: number
  readonly freeBuffers: Map<string, GPUBuffer[]>
  readonly usedBuffers: Map<string, GPUBuffer[]>
  acquireBuffer(size: number, usage: number, mappedAtCreation?: boolean, reuse?: boolean): GPUBuffer
}

/**
 * What is known of the insides of tfjs's WebGPU backend, 4.22: everything that this package uses of them is named here.
 *
 * Most of it is private by its types only. `private` members cannot be told to TypeScript otherwise.
 */
export interface BackendInsides {
  readonly device: GPUDevice
  readonly queue: GPUQueue
  readonly bufferManager: BufferPool
  readonly tensorMap: { get(dataId: object): TensorData; has(dataId: object): boolean }
  commandEncoder: GPUCommandEncoder | null
  computePassEncoder: GPUComputePassEncoder | null
  commandQueueOwnedIds: WeakSet<object>
  dispatchCountInPass: number
  readonly uniformPendingDisposal: GPUBuffer[]
  readonly disposed: boolean
  ensureCommandEncoderReady(): void
  endComputePassEncoder(): void
  submitQueue(): void
  uploadToGPU(dataId: object): void
  makeTensorInfo(shape: number[], dtype: DataType, values?: BackendValues): TensorInfo
  read(dataId: object): Promise<BackendValues>
  readSync(dataId: object): BackendValues
  recordAndSubmit(program: { readonly constructor: { readonly name: string } }, ...rest: unknown[]): void
  runWebGPUProgram(program: object, ...rest: unknown[]): TensorInfo
  disposeData(dataId: object, force?: boolean): boolean
  numDataIds(): number
  dispose(): void
}
