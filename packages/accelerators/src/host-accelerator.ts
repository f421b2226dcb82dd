import {
  type Accelerator,
  type AcceleratorCapabilities,
  currentPlatform,
  type Devices,
  engineMemory,
  HostScalarSink,
  type HostTensor,
  type MemoryStatistics,
  type ScalarSink,
} from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { requireDeviceIndex } from './device-index.js'
import { HostStatistics } from './host-statistics.js'
import { parseWorkers } from './parse-devices.js'

export const hostCapabilities: AcceleratorCapabilities = {
  synchronousRead: true,
  hostMemory: true,
  workerThreads: true,
  threads: 1,
}

/** What accelerators have in common whose tensors lie in the host's memory, and whose devices are workers. */
export abstract class HostAccelerator implements Accelerator {
  abstract readonly name: string
  readonly capabilities: AcceleratorCapabilities = hostCapabilities
  readonly #host = new HostStatistics()

  /** Logical processors. */
  deviceCount(): number {
    return currentPlatform().processors
  }

  parseDevices(devices: Devices): readonly number[] {
    return parseWorkers(devices, this.deviceCount())
  }

  async setup(index = 0): Promise<void> {
    requireDeviceIndex(this.name, index, 'a worker')
    await this.start()
  }

  /** Makes the backend current. Called by every {@link setup}: cheap when there is nothing to do. */
  protected abstract start(): Promise<void>

  // The backend is shared by everything in this thread that uses tfjs: there is nothing to take away from the others.
  async teardown(): Promise<void> {}

  abstract upload(host: HostTensor): Tensor

  createScalarSink(): ScalarSink {
    return new HostScalarSink()
  }

  memory(): MemoryStatistics {
    const { tensors, bytes } = engineMemory()
    return { tensors, bytes }
  }

  statistics(): Record<string, number> {
    const { tensors, bytes, capacity, peak } = this.memory()
    return {
      ...this.#host.read(),
      'memory/tensors': tensors,
      'memory/tensorBytes': bytes,
      ...(peak !== undefined && { 'memory/peakBytes': peak }),
      ...(capacity !== undefined && { 'memory/heapBytes': capacity }),
    }
  }

  abstract fingerprint(): string
}
