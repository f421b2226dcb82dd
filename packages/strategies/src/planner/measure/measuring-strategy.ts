import {
  type Accelerator,
  assignPaths,
  type CallInterceptor,
  engineMemory,
  LevinError,
  type Module,
  SingleDevice,
  type StrategySetup,
  type TrainingWindow,
  type WindowResult,
} from '@levin/core'
import { shareLayers } from '../../mesh/share-layers.js'
import type { MeasuredModel } from '../measured-model.js'
import { measureModule } from './module.js'

export interface MeasuringOptions {
  /** Runs of each piece after one that warms up. Default 5. */
  readonly runs?: number
  /** How layers are shared: styles by path, as `mesh()` takes them. Default: none are but those that were made so. */
  readonly plan?: Readonly<Record<string, string>>
}

/**
 * A strategy that measures the first training step instead of training: the Trainer brings it data, hooks and the optimizer as in any
 * fit. Parameters get values piece by piece, and lose them again. Makes no update.
 *
 * @example
 * const measuring = new MeasuringStrategy()
 * await new Trainer({ strategy: measuring, maxEpochs: 1, limitTrainBatches: 1, limitValBatches: 0 }).fit(module, data)
 * const layouts = planLayouts(measuring.measured, { devices: 8 })
 */
export class MeasuringStrategy extends SingleDevice {
  override readonly name: string = 'plan'
  readonly #options: MeasuringOptions
  #accelerator: Accelerator | undefined
  #module: Module | undefined
  #measured: MeasuredModel | undefined
  #observe: CallInterceptor | undefined

  constructor(options: MeasuringOptions = {}) {
    super()
    this.#options = options
  }

  override readonly capabilities = {
    shardsParameters: false,
    manualOptimization: false,
    needsSynchronousRead: false,
    maxDevices: 1,
  }

  readonly intercept: CallInterceptor = (layer, input, step, next) =>
    this.#observe ? this.#observe(layer, input, step, next) : next(input)

  /** What was measured. @throws LEVIN_DATA if the run ended before its first training step */
  get measured(): MeasuredModel {
    if (this.#measured) return this.#measured
    throw new LevinError('LEVIN_DATA', {
      message: 'Nothing was measured: the run has no training batch.',
      remedy: 'Check the data module, and limitTrainBatches.',
    })
  }

  /** What it was measured on. @throws LEVIN_NOT_SUPPORTED before a Trainer has set it up */
  get accelerator(): Accelerator {
    if (this.#accelerator) return this.#accelerator
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: 'Nothing was measured yet.',
      remedy: 'Give the strategy to a Trainer, and call fit().',
    })
  }

  override async setup(setup: StrategySetup): Promise<void> {
    this.#accelerator = setup.accelerator
    await super.setup(setup)
  }

  override materialise(module: Module): void {
    this.#module = module
    assignPaths(module)
    shareLayers(module, this.#options.plan ?? {})
  }

  override async step(window: TrainingWindow): Promise<WindowResult> {
    const { bytes } = engineMemory()
    const micro = await window.next()
    const [module, accelerator] = [this.#module, this.#accelerator]
    if (!micro || !module || !accelerator) return { microBatches: 0, samples: 0, updated: false }
    const batch = { samples: micro.samples, bytes: engineMemory().bytes - bytes }
    const forward = (observe: CallInterceptor) => {
      this.#observe = observe
      try {
        return window.forward(micro).loss
      } finally {
        this.#observe = undefined
      }
    }
    const step = { module, optimizer: window.optimizer, forward, batch }
    this.#measured = await measureModule(step, { accelerator, runs: this.#options.runs })
    await window.finish(micro)
    return { microBatches: 1, samples: micro.samples, updated: false }
  }
}
