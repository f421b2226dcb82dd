import { HostStatistics, parseWorkers, requireDeviceIndex } from '@levin/accelerators'
import {
  type AcceleratorCapabilities,
  type Availability,
  currentPlatform,
  type Devices,
  definePlugin,
  HostScalarSink,
  LevinError,
  type ScalarSink,
} from '@levin/core'
import * as v from 'valibot'
import { availabilityOfLibrary } from './diagnosis/availability.js'
import type { PackageName } from './runtime/backend.js'
import { type ImportLibrary, loadedBackend, startTensorFlow } from './runtime/start.js'
import { TensorFlowAccelerator } from './runtime/tensorflow-accelerator.js'

export interface TensorFlowOptions {
  /**
   * Imports `@tensorflow/tfjs-node`, where it cannot be found by its name. A function cannot travel to a worker: a run with
   * several workers makes the accelerator in its run module then. Default: the package, as installed beside this one or
   * beside the program.
   *
   * @example
   * tensorflow({ lib: () => import('@tensorflow/tfjs-node') })
   */
  readonly lib?: ImportLibrary | undefined
  /** Threads of one kernel. The first setup of a process decides for all later ones. Default is 1. */
  readonly threads?: number | undefined
}

const PACKAGE: PackageName = '@tensorflow/tfjs-node'

/** TensorFlow's pool of threads is made once in a process. `undefined`: the program has loaded the library itself. */
let threadsOfProcess: number | undefined

class TensorFlowCpu extends TensorFlowAccelerator {
  readonly name = 'tensorflow'
  readonly capabilities: AcceleratorCapabilities
  readonly #options: TensorFlowOptions
  readonly #host = new HostStatistics()

  constructor(options: TensorFlowOptions) {
    super()
    this.#options = options
    const threads = options.threads ?? 1
    this.capabilities = { synchronousRead: true, hostMemory: true, workerThreads: false, threads }
  }

  /** Logical processors. */
  deviceCount(): number {
    return currentPlatform().processors
  }

  parseDevices(devices: Devices): readonly number[] {
    return parseWorkers(devices, this.deviceCount())
  }

  async setup(index = 0): Promise<void> {
    requireDeviceIndex(this.name, index, 'a worker')
    const { threads } = this.capabilities
    const wasLoaded = loadedBackend() !== undefined
    if (wasLoaded && this.#options.threads !== undefined && threads !== threadsOfProcess) throw otherThreads(threads)
    const environment = { TF_NUM_INTRAOP_THREADS: String(threads), TF_NUM_INTEROP_THREADS: String(threads) }
    await startTensorFlow({ name: this.name, packageName: PACKAGE, lib: this.#options.lib, environment })
    if (!wasLoaded) threadsOfProcess = threads
  }

  createScalarSink(): ScalarSink {
    return new HostScalarSink()
  }

  statistics(): Record<string, number> {
    const { tensors, bytes } = this.memory()
    return { ...this.#host.read(), 'memory/tensors': tensors, 'memory/tensorBytes': bytes }
  }

  /** Of the library, its threads (which order sums), and whether oneDNN's kernels are used. */
  fingerprint(): string {
    const version = loadedBackend()?.binding.TF_Version ?? 'not-loaded'
    const oneDnn = process.env['TF_ENABLE_ONEDNN_OPTS'] === '0' ? 'eigen' : 'onednn'
    return `tensorflow/${version}/${oneDnn}/${threadsOfProcess ?? 'own'}-threads`
  }
}

const otherThreads = (threads: number): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `TensorFlow cannot have ${threads} threads: this process has loaded it with ${threadsOfProcess ?? 'a number of its own'}, for good.`,
    remedy: 'Give every accelerator of a process the same option threads, and import the package nowhere else.',
  })

/**
 * The CPU, by TensorFlow's own library. Needs `@tensorflow/tfjs-node`, which is not installed with this package. Chosen by
 * name only: `cpu` needs no installation of half a gigabyte.
 *
 * @example
 * new Trainer({ accelerator: tensorflow({ threads: 4 }) })
 */
export const tensorflow = /* @__PURE__ */ definePlugin({
  kind: 'accelerator',
  name: 'tensorflow',
  apiVersion: 1,
  priority: -1,
  schema: v.strictObject({
    lib: v.optional(v.custom<ImportLibrary>((value) => typeof value === 'function', 'expected a function')),
    threads: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  }),
  availability: (): Promise<Availability> => availabilityOfLibrary(PACKAGE),
  create: (options: TensorFlowOptions) => new TensorFlowCpu(options),
})
