import type { Tensor } from '@tensorflow/tfjs-core'
import type { RandomKey, SliceLayout } from '../rng/index.js'
import type { HostTensor, NumericData, NumericType, StagedTensor } from './host-tensor.js'
import type { ScalarSink } from './scalar-sink.js'

/** What an accelerator can do. The Trainer and the strategies ask these, never its name. */
export interface AcceleratorCapabilities {
  /** `tensor.dataSync()` works and costs no round trip. Default is `false`. */
  readonly synchronousRead: boolean
  /** Tensors live in memory of the host, so that reading one is a load. Default is `false`. */
  readonly hostMemory: boolean
  /** Survives in worker threads. Native backends do not. Default is `false`. */
  readonly workerThreads: boolean
  /** Threads that one kernel may use. Default is 1. */
  readonly threads: number
}

/** `'auto'`, a count, `-1` for all, a list of indices, or any of these as text: `'3'`, `'0,2'`. */
export type Devices = 'auto' | number | readonly number[] | string

export interface MemoryStatistics {
  readonly tensors: number
  /** Of all tensors; what several of them share is counted once for each. */
  readonly bytes: number
  /** Size of the heap or of the device's memory in bytes, where it is known. */
  readonly capacity?: number
  /**
   * Most bytes in use at one time since the last `setup`, where it is known: of tensors, also of those that kernels made on
   * the way, and of the scratch memory that kernels keep. What tensors share is counted once.
   */
  readonly peak?: number
}

/** An Accelerator is the hardware of one worker and everything that depends on it: uploads, reads, random numbers, memory. */
export interface Accelerator {
  readonly name: string
  readonly capabilities: AcceleratorCapabilities

  /** Devices of this kind on this machine. */
  deviceCount(): number | Promise<number>

  /**
   * Indices of the devices that a run asked for; their number is the number of workers.
   *
   * @throws LEVIN_BAD_OPTION naming what is allowed. Absent: whoever starts the run decides.
   */
  parseDevices?(devices: Devices): readonly number[] | Promise<readonly number[]>

  /**
   * Makes device `index` the current backend of tfjs. Idempotent; everything that opens hardware happens here.
   *
   * @throws LEVIN_UNAVAILABLE with the reason and a remedy.
   */
  setup(index?: number): Promise<void>

  /** Frees what `setup` took. Idempotent. Tensors that are still alive stay usable where the backend is shared. */
  teardown(): Promise<void>

  /** Moves a batch's tensor to the device. May reuse a staging buffer: `host.data` can be overwritten once it returns. */
  upload(host: HostTensor): Tensor

  /**
   * Memory of the device that a loader writes a batch's values into, and that `upload` makes a tensor of instead of copying
   * them. Staged memory outlives anything else that happens on the device but its loss. `undefined`: not for this tensor,
   * say since it is so large that one more of it would be missed. Absent: the device has no memory that the host can write.
   */
  stage?(shape: readonly number[], dtype: NumericType): StagedTensor | undefined

  /**
   * The memory of a tensor itself, for collectives that read and write it in place. Good until memory of the device is next
   * taken or freed. `undefined`: not for this tensor. Absent: the device's memory is not the host's.
   */
  view?(tensor: Tensor): NumericData | undefined

  /** Where a run's logged values go. */
  createScalarSink(): ScalarSink

  /** Uniforms in [0, 1) from the Philox generator, drawn on the device. Absent: drawn on the host and uploaded, the same bits. */
  drawUniform?(key: RandomKey, layout: SliceLayout): Tensor

  memory(): MemoryStatistics

  /** Readings for `deviceStatsMonitor` and `levin devices`: temperature, load, memory, … each with its unit in the name. */
  statistics(): Record<string, number> | Promise<Record<string, number>>

  /** What somebody should know before training on it, in one sentence: that it is slow, and what would be faster. */
  advice?(): string | undefined

  /** Names the build of the kernels that compute: two runs are equal bit for bit only under the same one. */
  fingerprint(): string

  /** Calls `listener` when the device goes away. Returns the function that unsubscribes. Absent: it never does. */
  onLost?(listener: (reason: string) => void): () => void

  /** Gets a lost device back. Every tensor on it is gone. */
  regain?(): Promise<void>
}
