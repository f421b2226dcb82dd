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
import type { WebglLibrary, WebglOptions } from './options.js'

const BACKEND = 'webgl'

/** What is used of tfjs's backend beside its contract. */
interface WebglBackend {
  readonly gpgpu?: { readonly gl: WebGL2RenderingContext }
}

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
  #watched: WebGL2RenderingContext | undefined

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
    if (getBackend() === BACKEND && this.#watched !== undefined && this.#watched === contextInUse()) return
    const availability = webglAvailability()
    if (!availability.ok) throw unavailable(availability.reason, availability.remedy)
    await this.#import()
    // Packed, exp computes beyond the tensor's edge too, where it makes infinities that a packed matMul multiplies by 0: NaN.
    env().set('WEBGL_PACK_UNARY_OPERATIONS', false)
    if (!(await setBackend(BACKEND)))
      throw unavailable('the WebGL backend of tfjs did not start.', 'The console has its reason.')
    this.#watch()
  }

  // The backend is shared by everything in this thread that uses tfjs.
  async teardown(): Promise<void> {
    this.#watched?.canvas.removeEventListener('webglcontextlost', this.#onLost)
    this.#watched = undefined
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

  async regain(): Promise<void> {
    await this.teardown()
    const { MathBackendWebGL } = await this.#import()
    removeBackend(BACKEND)
    registerBackend(BACKEND, () => new MathBackendWebGL())
    await this.setup()
  }

  async #import(): Promise<WebglLibrary> {
    try {
      return await this.#lib()
    } catch (cause) {
      const remedy = 'Install @tensorflow/tfjs-backend-webgl, or give it as the option lib: () => import(…).'
      throw unavailable('the WebGL backend of tfjs cannot be imported.', remedy, cause)
    }
  }

  #watch(): void {
    const context = contextInUse()
    if (context === this.#watched) return
    this.#watched?.canvas.removeEventListener('webglcontextlost', this.#onLost)
    context?.canvas.addEventListener('webglcontextlost', this.#onLost)
    this.#watched = context
  }

  readonly #onLost = (): void => {
    for (const listener of [...this.#listeners]) listener('the browser took the WebGL context away')
  }
}

// --- Internal helpers ---

const contextInUse = (): WebGL2RenderingContext | undefined => (backend() as WebglBackend).gpgpu?.gl

const unavailable = (reason: string, remedy: string, cause?: unknown): LevinError =>
  new LevinError('LEVIN_UNAVAILABLE', { message: `The accelerator 'webgl' cannot run here: ${reason}`, remedy, cause })
