import { getBackend, ready, type Tensor, tensor } from '@tensorflow/tfjs-core'
import type { Accelerator, AcceleratorCapabilities, MemoryStatistics } from '../contracts/accelerator.js'
import type { HostTensor } from '../contracts/host-tensor.js'
import type { ScalarSink } from '../contracts/scalar-sink.js'
import { engineMemory } from '../engine.js'
import { LevinError } from '../errors.js'
import { HostScalarSink } from '../sinks/host-scalar-sink.js'
import { TensorScalarSink } from '../sinks/tensor-scalar-sink.js'

/** Backends of tfjs whose tensors are the host's memory. */
const HOST_BACKENDS: readonly string[] = ['cpu', 'wasm', 'tensorflow']

/**
 * The accelerator where none is installed: whatever backend the program has set up in tfjs. What its own memory and
 * kernels can do is asked of tfjs.
 */
export class CurrentBackend implements Accelerator {
  readonly name = 'currentBackend'

  get capabilities(): AcceleratorCapabilities {
    const host = HOST_BACKENDS.includes(getBackend())
    return { synchronousRead: host, hostMemory: host, workerThreads: host && getBackend() !== 'tensorflow', threads: 1 }
  }

  deviceCount(): number {
    return 1
  }

  async setup(index = 0): Promise<void> {
    if (index !== 0) {
      throw new LevinError('LEVIN_BAD_OPTION', {
        expected: 'device 0, the only one of the current backend',
        found: `device ${index}`,
      })
    }
    const usable = await ready().then(
      () => getBackend() !== undefined && getBackend() !== '',
      () => false,
    )
    if (usable) return
    throw new LevinError('LEVIN_UNAVAILABLE', {
      message: 'There is nothing to compute on: no tfjs backend is registered.',
      remedy:
        "Install @levin/accelerators and import '@levin/accelerators/register', or import a backend such as '@tensorflow/tfjs-backend-cpu'.",
    })
  }

  async teardown(): Promise<void> {}

  upload(host: HostTensor): Tensor {
    return uploadCopy(host)
  }

  createScalarSink(): ScalarSink {
    return this.capabilities.hostMemory ? new HostScalarSink() : new TensorScalarSink()
  }

  memory(): MemoryStatistics {
    const { tensors, bytes } = engineMemory()
    return { tensors, bytes }
  }

  statistics(): Record<string, number> {
    const { tensors, bytes } = engineMemory()
    return { tensors, 'memory/bytes': bytes }
  }

  advice(): string | undefined {
    if (getBackend() !== 'cpu') return undefined
    return "Computing on tfjs's JavaScript backend, which is many times slower than this machine. Install @levin/accelerators and import '@levin/accelerators/register'."
  }

  fingerprint(): string {
    return `tfjs-${getBackend()}`
  }
}

/** Uploads a copy: backends that keep the array they are given would see it change when a loader reuses it. */
export const uploadCopy = ({ data, shape, dtype }: HostTensor): Tensor => tensor(data.slice(), [...shape], dtype)
