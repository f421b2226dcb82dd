import { definePlugin, functionOption, type HostTensor, LevinError, optionsSchema, uploadCopy } from '@levin/core'
import { getBackend, setBackend, type Tensor, version_core } from '@tensorflow/tfjs-core'
import { HostAccelerator } from './host-accelerator.js'

export interface TfjsCpuOptions {
  /** Imports the backend, where it cannot be resolved by its name; such an instance cannot travel to a worker. */
  readonly lib?: (() => Promise<unknown>) | undefined
}

const BACKEND = 'cpu'

/** tfjs's own backend in plain JavaScript: it runs everywhere, tens of times slower than `cpu`. */
export class TfjsCpuAccelerator extends HostAccelerator {
  readonly name = 'tfjs-cpu'
  readonly #lib: NonNullable<TfjsCpuOptions['lib']>

  constructor({ lib = () => import('@tensorflow/tfjs-backend-cpu') }: TfjsCpuOptions = {}) {
    super()
    this.#lib = lib
  }

  protected override async start(): Promise<void> {
    if (getBackend() === BACKEND) return
    try {
      await this.#lib()
      if (await setBackend(BACKEND)) return
    } catch (cause) {
      throw unavailable(cause)
    }
    throw unavailable(undefined)
  }

  // The backend keeps the array it is given, and the loader will reuse it.
  override upload(host: HostTensor): Tensor {
    return uploadCopy(host)
  }

  override fingerprint(): string {
    return `tfjs-cpu/${version_core}`
  }
}

const unavailable = (cause: unknown): LevinError =>
  new LevinError('LEVIN_UNAVAILABLE', {
    message: "The accelerator 'tfjs-cpu' cannot run here: the JavaScript backend of tfjs did not start.",
    remedy: 'Install @tensorflow/tfjs-backend-cpu, or give it as the option lib: () => import(…).',
    cause,
  })

/** tfjs's JavaScript backend as an accelerator: for comparisons, and where there is no WebAssembly. Chosen by name only. */
export const tfjsCpu = /* @__PURE__ */ definePlugin({
  kind: 'accelerator',
  name: 'tfjs-cpu',
  apiVersion: 1,
  priority: -1,
  schema: optionsSchema<TfjsCpuOptions>({ lib: functionOption }),
  create: (options: TfjsCpuOptions) => new TfjsCpuAccelerator(options),
})
