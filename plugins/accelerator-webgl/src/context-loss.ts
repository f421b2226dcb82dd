import { DeviceLoss } from '@levin/core'

/** What is used of tfjs's backend beside its contract. */
export interface WebglBackend {
  readonly gpgpu?: { readonly gl: WebGL2RenderingContext }
}

/** Calls that touch the context. All but `read` are synchronous. */
const SYNCHRONOUS = ['runWebGLProgram', 'uploadToGPU', 'readSync'] as const

type Call = (this: unknown, ...args: unknown[]) => unknown
type Guarded = Record<(typeof SYNCHRONOUS)[number], Call> & { read(dataId: object): Promise<unknown> }

/**
 * Watches the context of tfjs's WebGL backend. Without it a context that is taken away goes unnoticed: its calls do nothing,
 * reads of it give zeros or wait for ever.
 */
export class ContextLoss {
  readonly gl: WebGL2RenderingContext
  readonly loss = new DeviceLoss('The GPU')

  constructor(backend: Required<WebglBackend>) {
    this.gl = backend.gpgpu.gl
    this.gl.canvas.addEventListener('webglcontextlost', () => this.#lose())
    this.#guard(backend as unknown as Guarded)
  }

  /** @throws LEVIN_DEVICE_LOST also before the browser has said so */
  check(): void {
    if (this.gl.isContextLost()) this.#lose()
    this.loss.check()
  }

  /** On the object and not by a class of ours: the backend may hold tensors of others already. */
  #guard(backend: Guarded): void {
    for (const name of SYNCHRONOUS) {
      const call = backend[name]
      backend[name] = (...args) => this.#guarded(() => call.apply(backend, args))
    }
    const read = backend.read
    backend.read = async (dataId) => {
      this.check()
      const values = await this.loss.orLost(read.call(backend, dataId))
      // What was read meanwhile are zeros.
      this.check()
      return values
    }
  }

  #guarded(call: () => unknown): unknown {
    this.loss.check()
    try {
      return call()
    } catch (error) {
      // A lost context makes no textures and compiles no shaders: that is why, whatever the error says.
      this.check()
      throw error
    }
  }

  #lose(): void {
    this.loss.lose('the browser took the WebGL context away')
  }
}
