import {
  type Accelerator,
  type AcceleratorCapabilities,
  type Devices,
  engineMemory,
  type HostTensor,
  type MemoryStatistics,
  type ScalarSink,
  uploadCopy,
} from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'

/** What the accelerators on TensorFlow's library have in common. */
export abstract class TensorFlowAccelerator implements Accelerator {
  abstract readonly name: string
  abstract readonly capabilities: AcceleratorCapabilities

  abstract deviceCount(): number | Promise<number>
  abstract parseDevices(devices: Devices): readonly number[] | Promise<readonly number[]>
  abstract setup(index?: number): Promise<void>

  // The library stays loaded, and its device open, until the process ends: it has no way back.
  async teardown(): Promise<void> {}

  // A copy, since TensorFlow computes on the very memory of the array that it is given.
  upload(host: HostTensor): Tensor {
    return uploadCopy(host)
  }

  abstract createScalarSink(): ScalarSink

  memory(): MemoryStatistics {
    const { tensors, bytes } = engineMemory()
    return { tensors, bytes }
  }

  abstract statistics(): Record<string, number> | Promise<Record<string, number>>
  abstract fingerprint(): string
}
