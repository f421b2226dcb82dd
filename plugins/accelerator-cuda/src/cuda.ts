import { HostStatistics, parseDevices } from '@levin/accelerators'
import {
  type AcceleratorCapabilities,
  type Availability,
  type Devices,
  definePlugin,
  type MemoryStatistics,
  type ScalarSink,
  TensorScalarSink,
} from '@levin/core'
import * as v from 'valibot'
import { describeGpu, readGpu } from './cuda-devices/nvidia-smi.js'
import { countVisibleGpus, entryOf, rememberIndex, requireSameIndex } from './cuda-devices/one-gpu.js'
import { availabilityOfGpu } from './diagnosis/availability.js'
import { diagnoseMissingGpu } from './diagnosis/diagnose.js'
import { probePackage } from './diagnosis/probe.js'
import type { PackageName } from './runtime/backend.js'
import { type ImportLibrary, loadedBackend, startTensorFlow, unavailable } from './runtime/start.js'
import { TensorFlowAccelerator } from './runtime/tensorflow-accelerator.js'

export interface CudaOptions {
  /**
   * Imports `@tensorflow/tfjs-node-gpu`, where it cannot be found by its name. A function cannot travel to a worker: a run
   * with several workers makes the accelerator in its run module then. Default: the package, as installed beside this one
   * or beside the program.
   */
  readonly lib?: ImportLibrary | undefined
}

const PACKAGE: PackageName = '@tensorflow/tfjs-node-gpu'

class CudaAccelerator extends TensorFlowAccelerator {
  readonly name = 'cuda'
  // A synchronous read waits for what is queued and for a copy over the bus, but not for a turn of the event loop.
  readonly capabilities: AcceleratorCapabilities = {
    synchronousRead: true,
    hostMemory: false,
    workerThreads: false,
    threads: 1,
  }
  readonly #options: CudaOptions
  readonly #host = new HostStatistics()
  #gpu = '0'
  #description = 'unknown-gpu'
  #capacity: number | undefined

  constructor(options: CudaOptions) {
    super()
    this.#options = options
  }

  /** GPUs that `CUDA_VISIBLE_DEVICES` names, or without it all of `nvidia-smi -L`. */
  deviceCount(): Promise<number> {
    return countVisibleGpus()
  }

  async parseDevices(devices: Devices): Promise<readonly number[]> {
    return parseDevices(devices, await countVisibleGpus())
  }

  async setup(index = 0): Promise<void> {
    requireSameIndex(index)
    const gpu = await entryOf(index)
    // By the bus, as nvidia-smi counts: CUDA's own order is by speed.
    const order = process.env['CUDA_DEVICE_ORDER'] ?? 'PCI_BUS_ID'
    const environment = { CUDA_VISIBLE_DEVICES: gpu, CUDA_DEVICE_ORDER: order }
    const backend = await startTensorFlow({
      name: this.name,
      packageName: PACKAGE,
      lib: this.#options.lib,
      environment,
    })
    if (!backend.isUsingGpuDevice) throw await this.#withoutGpu(environment)
    rememberIndex(index)
    this.#gpu = gpu
    this.#description = (await describeGpu(gpu)) ?? this.#description
    this.#capacity = (await readGpu(gpu))['memory/deviceBytes']
  }

  // What TensorFlow had to say went to the terminal: a process of its own says it again.
  async #withoutGpu(environment: Record<string, string>) {
    const { said } = await probePackage(PACKAGE, { environment: { ...process.env, ...environment } })
    return unavailable(this.name, diagnoseMissingGpu(said, PACKAGE))
  }

  createScalarSink(): ScalarSink {
    return new TensorScalarSink()
  }

  override memory(): MemoryStatistics {
    return { ...super.memory(), ...(this.#capacity !== undefined && { capacity: this.#capacity }) }
  }

  async statistics(): Promise<Record<string, number>> {
    const { tensors, bytes } = this.memory()
    const readings = { ...this.#host.read(), ...(await readGpu(this.#gpu)) }
    return { ...readings, 'memory/tensors': tensors, 'memory/tensorBytes': bytes }
  }

  /** Of the library, the GPU, its driver, and whether matrix products may round to TF32. */
  fingerprint(): string {
    const version = loadedBackend()?.binding.TF_Version ?? 'not-loaded'
    const products = process.env['NVIDIA_TF32_OVERRIDE'] === '0' ? 'float32' : 'tf32'
    return `cuda/${version}/${this.#description}/${products}`
  }
}

/**
 * NVIDIA GPUs, by TensorFlow's own library. Needs `@tensorflow/tfjs-node-gpu`, which is not installed with this package, and
 * CUDA and cuDNN of its versions. One process computes on one GPU: several are for `launcher: 'process'`.
 *
 * @example
 * new Trainer({ accelerator: cuda(), devices: [1] })
 */
export const cuda = /* @__PURE__ */ definePlugin({
  kind: 'accelerator',
  name: 'cuda',
  apiVersion: 1,
  priority: 30,
  schema: v.strictObject({
    lib: v.optional(v.custom<ImportLibrary>((value) => typeof value === 'function', 'expected a function')),
  }),
  availability: (): Promise<Availability> => availabilityOfGpu(PACKAGE),
  create: (options: CudaOptions) => new CudaAccelerator(options),
})
