import type { Tensor } from '@tensorflow/tfjs-core'
import type { Buffer } from '../buffer.js'
import type { Layer } from '../layer.js'
import { callLayer } from '../layer-errors.js'
import type { BufferUpdates } from './buffer-updates.js'
import type { LayerSharing } from './layer-ranks.js'
import { type DrawUniform, drawUniformOnHost, type RandomStream, randomStream } from './random-stream.js'
import type { CallInterceptor, ReplayMark, Replicas, StepContext, StepMode, StepPosition } from './step-context.js'

export interface ForwardServices {
  /** Where buffer values go; absent, updates are dropped (inference). */
  readonly updates?: BufferUpdates | undefined
  readonly intercept?: CallInterceptor | undefined
  readonly drawUniform?: DrawUniform | undefined
  readonly replicas?: Replicas | undefined
  readonly sharing?: LayerSharing | undefined
}

/** The working part of every step context: position, randomness, buffers and the call of layers. */
export class ForwardScope implements StepContext {
  readonly seed: number
  readonly mode: StepMode
  readonly training: boolean
  readonly globalStep: number
  readonly epoch: number
  readonly batchIndex: number
  readonly microBatch: number
  readonly firstSample: number
  readonly globalBatchSize: number
  readonly replicas: Replicas | undefined
  readonly sharing: LayerSharing | undefined
  readonly #services: ForwardServices
  // How often each path has drawn. A replay starts from a copy, so that it draws the same numbers.
  #draws: Map<string, number>
  #frozen = false

  constructor(position: StepPosition, services: ForwardServices = {}) {
    this.seed = position.seed
    this.mode = position.mode
    this.training = position.mode === 'train'
    this.globalStep = position.globalStep
    this.epoch = position.epoch
    this.batchIndex = position.batchIndex
    this.microBatch = position.microBatch
    this.firstSample = position.firstSample
    this.globalBatchSize = position.globalBatchSize
    this.replicas = this.training ? services.replicas : undefined
    this.sharing = services.sharing
    this.#services = services
    this.#draws = new Map()
  }

  random(path: string): RandomStream {
    const call = this.#draws.get(path) ?? 0
    this.#draws.set(path, call + 1)
    return randomStream(this, path, call, this.#services.drawUniform ?? drawUniformOnHost)
  }

  read(buffer: Buffer): Tensor {
    return this.#services.updates?.read(buffer) ?? buffer.value
  }

  update(buffer: Buffer, value: Tensor): void {
    if (!this.#frozen) this.#services.updates?.set(buffer, value)
  }

  call<I, O>(layer: Layer<I, O>, input: I): O {
    const { intercept } = this.#services
    if (!intercept) return callLayer(layer, input, this)
    return intercept(layer, input, this, (other) => callLayer(layer, other, this))
  }

  mark(): ReplayMark {
    return { draws: new Map(this.#draws) }
  }

  replay<T>(mark: ReplayMark, f: () => T): T {
    const draws = this.#draws
    const frozen = this.#frozen
    this.#draws = new Map(mark.draws)
    this.#frozen = true
    try {
      return f()
    } finally {
      this.#draws = draws
      this.#frozen = frozen
    }
  }
}

/** A context for inference without a Trainer. */
export const inferenceStep = (
  services: ForwardServices = {},
): StepContext & { mode: 'predict'; training: false; dataloaderIndex: number } =>
  Object.assign(
    new ForwardScope(
      {
        seed: 0,
        mode: 'predict',
        globalStep: 0,
        epoch: 0,
        batchIndex: 0,
        microBatch: 0,
        firstSample: 0,
        globalBatchSize: 0,
      },
      services,
    ),
    { mode: 'predict' as const, training: false as const, dataloaderIndex: 0 },
  )
