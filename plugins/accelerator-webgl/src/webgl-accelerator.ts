import {
  type Accelerator,
  type AcceleratorCapabilities,
  describe,
  engineMemory,
  type HostTensor,
  LevinError,
  type MemoryStatistics,
  type ScalarSink,
  TensorScalarSink,
  uploadCopy,
} from '@levin/core'
import {
  backend,
  env,
  getBackend,
  memory,
  registerBackend,
  removeBackend,
  setBackend,
  type Tensor,
  version_core,
} from '@tensorflow/tfjs-core'
import { webglAvailability } from './availability.js'
import { ContextLoss, type WebglBackend } from './context-loss.js'
import type { WebglLibrary, WebglOptions } from './options.js'

const BACKEND = 'webgl'

/** A GPU, by tfjs's WebGL backend as it is: ops are composed of its kernels. */
export class WebglAccelerator implements Accelerator {
  readonly name = BACKEND
  readonly capabilities: AcceleratorCapabilities = {
    // dataSync() works, and waits for all that the GPU was told.
    synchronousRead: false,
    hostMemory: false,
    workerThreads: true,
    threads: 1,
  }
  readonly #lib: NonNullable<WebglOptions['lib']>
  readonly #listeners = new Set<(reason: string) => void>()
  #unsubscribe: (() => void) | undefined

  constructor({ lib = () => import('@tensorflow/tfjs-backend-webgl') }: WebglOptions = {}) {
    this.#lib = lib
  }

  /** A page has one: the browser chooses which. */
  deviceCount(): number {
    return 1
  }

  async setup(index = 0): Promise<void> {
    if (index !== 0) {
      throw new LevinError('LEVIN_BAD_OPTION', {
        message: "The accelerator 'webgl' cannot be set up.",
        expected: 'device 0: the browser chooses the GPU',
        found: describe(index),
      })
    }
    if (this.#unsubscribe && getBackend() === BACKEND && watched?.loss.isLost === false) return
    const availability = webglAvailability()
    if (!availability.ok) throw unavailable(availability.reason, availability.remedy)
    const library = await this.#import()
    // Packed, exp computes beyond the tensor's edge too, where it makes infinities that a packed matMul multiplies by 0: NaN.
    env().set('WEBGL_PACK_UNARY_OPERATIONS', false)
    if (watched?.loss.isLost) replaceBackend(library)
    if (!(await setBackend(BACKEND)))
      throw unavailable('the WebGL backend of tfjs did not start.', 'The console has its reason.')
    this.#unsubscribe?.()
    this.#unsubscribe = watchBackend().loss.onLost((reason) => {
      for (const listener of [...this.#listeners]) listener(reason)
    })
  }

  // The backend is shared by everything in this thread that uses tfjs.
  async teardown(): Promise<void> {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }

  // The backend keeps the array until a kernel asks for the texture.
  upload(host: HostTensor): Tensor {
    return uploadCopy(host)
  }

  createScalarSink(): ScalarSink {
    return new TensorScalarSink()
  }

  memory(): MemoryStatistics {
    const { tensors, bytes } = engineMemory()
    return { tensors, bytes }
  }

  statistics(): Record<string, number> {
    const { tensors, bytes } = this.memory()
    const common = { 'memory/tensors': tensors, 'memory/tensorBytes': bytes }
    if (getBackend() !== BACKEND) return common
    const { numBytesInGPU, numBytesInGPUAllocated } = memory() as ReturnType<typeof memory> & Record<string, number>
    return {
      ...common,
      'memory/usedBytes': numBytesInGPU ?? 0,
      'memory/allocatedBytes': numBytesInGPUAllocated ?? 0,
    }
  }

  fingerprint(): string {
    return `webgl/tfjs-${version_core}`
  }

  onLost(listener: (reason: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  regain(): Promise<void> {
    return this.setup()
  }

  async #import(): Promise<WebglLibrary> {
    try {
      return await this.#lib()
    } catch (cause) {
      const remedy = 'Install @tensorflow/tfjs-backend-webgl, or give it as the option lib: () => import(…).'
      throw unavailable('the WebGL backend of tfjs cannot be imported.', remedy, cause)
    }
  }
}

// --- Internal helpers ---

/** Of the backend in use: one for a thread, as the backend is. */
let watched: ContextLoss | undefined

function watchBackend(): ContextLoss {
  const { gpgpu } = backend() as WebglBackend
  if (!gpgpu) throw unavailable('the backend in use has no WebGL context.', "tf.setBackend('webgl') finds out why.")
  if (watched?.gl !== gpgpu.gl) watched = new ContextLoss(backend() as unknown as Required<WebglBackend>)
  return watched
}

/** Tensors on the lost context go with it. */
function replaceBackend({ MathBackendWebGL }: WebglLibrary): void {
  watched = undefined
  removeBackend(BACKEND)
  registerBackend(BACKEND, () => new MathBackendWebGL())
}

const unavailable = (reason: string, remedy: string, cause?: unknown): LevinError =>
  new LevinError('LEVIN_UNAVAILABLE', { message: `The accelerator 'webgl' cannot run here: ${reason}`, remedy, cause })
