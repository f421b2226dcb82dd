import { requireDeviceIndex } from '@levin/accelerators'
import {
  type Accelerator,
  type AcceleratorCapabilities,
  type Devices,
  engineMemory,
  type HostTensor,
  LevinError,
  type MemoryStatistics,
  type RandomKey,
  type ScalarSink,
  type SliceLayout,
  TensorScalarSink,
} from '@levin/core'
import { getBackend, type Tensor, tensor, version_core } from '@tensorflow/tfjs-core'
import type { LevinBackend } from './backend/levin-backend.js'
import { activeDevice, type OpenDevice, openDevice, releaseDevice } from './device.js'
import { listAdapters, usable } from './gpu/adapters.js'
import { drawUniform } from './kernels/draw-uniform.js'
import { registerKernels } from './kernels/register-kernels.js'
import type { WebgpuOptions } from './options.js'

/** A GPU, by WebGPU: the browser's own, in Node Dawn's. */
export class WebgpuAccelerator implements Accelerator {
  readonly name = 'webgpu'
  readonly capabilities: AcceleratorCapabilities = {
    synchronousRead: false,
    hostMemory: false,
    workerThreads: true,
    threads: 1,
  }
  readonly #options: WebgpuOptions
  readonly #listeners = new Set<(reason: string) => void>()
  #device: OpenDevice | undefined
  #index = 0

  constructor(options: WebgpuOptions = {}) {
    this.#options = options
  }

  /** Adapters that are hardware; where none is, those that the processor emulates. */
  async deviceCount(): Promise<number> {
    const adapters = await listAdapters(this.#options.powerPreference)
    if ('reason' in adapters) return 0
    return this.#options.adapter === undefined ? usable(adapters).length : 1
  }

  /** `'auto'` is one GPU: more of them need a strategy that was asked for. */
  async parseDevices(devices: Devices): Promise<readonly number[]> {
    if (devices === 'auto') return [0]
    const { parseDevices } = await import('./parse-devices.js')
    return parseDevices(devices, Math.max(1, await this.deviceCount()))
  }

  async setup(index = 0): Promise<void> {
    requireDeviceIndex(this.name, index, 'a GPU')
    const isOpen = this.#device !== undefined && this.#index === index && !this.#device.backend.health.isLost
    this.#index = index
    if (isOpen && activeDevice() === this.#device && getBackend() === 'webgpu') return registerKernels()
    if (isOpen) await this.#release()
    this.#device = await openDevice(this.#options, index)
    this.#device.backend.health.onLost((reason) => {
      for (const listener of [...this.#listeners]) listener(reason)
    })
  }

  async teardown(): Promise<void> {
    await this.#release()
  }

  async #release(): Promise<void> {
    const device = this.#device
    this.#device = undefined
    if (device) await releaseDevice(device)
  }

  /** The values are on their way when it returns, while the GPU still computes on what came before. */
  upload(host: HostTensor): Tensor {
    const { backend } = this.#open()
    backend.health.check()
    backend.memoryGuard.kernel = undefined
    // Kept by reference only until the next line has copied it.
    const uploaded = tensor(host.data, [...host.shape], host.dtype)
    try {
      backend.uploadToGPU(uploaded.dataId)
    } catch (error) {
      uploaded.dispose()
      throw error
    }
    return uploaded
  }

  createScalarSink(): ScalarSink {
    return new TensorScalarSink()
  }

  drawUniform(key: RandomKey, layout: SliceLayout): Tensor {
    return drawUniform(this.#open().backend, key, layout)
  }

  memory(): MemoryStatistics {
    const { tensors, bytes } = engineMemory()
    if (!this.#device) return { tensors, bytes }
    const { peak, allocated } = this.#device.backend.memoryGuard.statistics()
    return { tensors, bytes, peak, capacity: this.#options.memoryBudget ?? allocated }
  }

  statistics(): Record<string, number> {
    const { tensors, bytes } = engineMemory()
    const common = { 'memory/tensors': tensors, 'memory/tensorBytes': bytes }
    if (!this.#device) return common
    const { backend, limits } = this.#device
    const { used, peak, allocated, pooledBuffers } = backend.memoryGuard.statistics()
    return {
      ...common,
      'memory/usedBytes': used,
      'memory/peakBytes': peak,
      'memory/allocatedBytes': allocated,
      'memory/pooledBuffers': pooledBuffers,
      'webgpu/dispatches': backend.counts.dispatches,
      'webgpu/submissions': backend.counts.submissions,
      'webgpu/reads': backend.counts.reads,
      'webgpu/uploads': backend.counts.uploads,
      'webgpu/maxBufferBytes': limits.maxBufferSize,
      'webgpu/maxWorkgroupThreads': limits.maxComputeInvocationsPerWorkgroup,
    }
  }

  advice(): string | undefined {
    if (!this.#device?.isSoftware) return undefined
    return `The GPU '${this.#device.name}' is emulated by the processor, and many times slower than accelerator: 'cpu'.`
  }

  fingerprint(): string {
    const where = this.#device ? this.#device.name : 'not set up'
    return `webgpu/levin-1/tfjs-${version_core}/${where}`
  }

  onLost(listener: (reason: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async regain(): Promise<void> {
    await this.#release()
    await this.setup(this.#index)
  }

  #open(): { readonly backend: LevinBackend } {
    if (this.#device) return this.#device
    throw new LevinError('LEVIN_UNAVAILABLE', {
      message: "The accelerator 'webgpu' is not set up.",
      remedy: 'Call setup() first.',
    })
  }
}
