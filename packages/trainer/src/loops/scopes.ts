import {
  type EpochLogOptions,
  type EvaluationStep,
  ForwardScope,
  type ForwardServices,
  LevinError,
  type LogValue,
  type ManualOptimizer,
  type Parameter,
  type StepLogOptions,
  type StepPosition,
  type TrainingStep,
} from '@levin/core'
import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { EVALUATION_STEP, type LogDefaults, TRAINING_STEP } from '../logging/log-entry.js'
import type { LogStore } from '../logging/log-store.js'

/** What manual optimization needs of the window. */
export interface ManualServices {
  backward(loss: () => Scalar, parameters: readonly Parameter[]): ReadonlyMap<Parameter, Tensor>
  optimizer(index: number): ManualOptimizer
}

/** Logging with the defaults of one place. */
export class Logging {
  readonly #store: LogStore
  readonly #defaults: LogDefaults
  readonly #samples: () => number
  readonly #suffix: string

  constructor(store: LogStore, defaults: LogDefaults, samples: () => number, suffix = '') {
    this.#store = store
    this.#defaults = defaults
    this.#samples = samples
    this.#suffix = suffix
  }

  log(name: string, value: LogValue, options: StepLogOptions | EpochLogOptions = {}): void {
    const full = this.#suffix && options.addDataloaderIndex !== false ? name + this.#suffix : name
    this.#store.write(full, value, options, this.#defaults, this.#samples())
  }

  logAll(values: Readonly<Record<string, LogValue>>, options: StepLogOptions | EpochLogOptions = {}): void {
    for (const name in values) this.log(name, values[name] as LogValue, options)
  }
}

/** The context of one training step. */
export class TrainingScope extends ForwardScope implements TrainingStep {
  declare readonly mode: 'train'
  declare readonly training: true
  readonly #logging: Logging
  readonly #manual: ManualServices | undefined

  constructor(
    position: StepPosition,
    services: ForwardServices,
    logs: LogStore,
    samples: number,
    manual: ManualServices | undefined,
  ) {
    super(position, services)
    this.#logging = new Logging(logs, TRAINING_STEP, () => samples)
    this.#manual = manual
  }

  log(name: string, value: LogValue, options?: StepLogOptions): void {
    this.#logging.log(name, value, options)
  }

  logAll(values: Readonly<Record<string, LogValue>>, options?: StepLogOptions): void {
    this.#logging.logAll(values, options)
  }

  backward(loss: () => Scalar, parameters: readonly Parameter[]): ReadonlyMap<Parameter, Tensor> {
    return this.#requireManual('backward').backward(loss, parameters)
  }

  optimizer(index = 0): ManualOptimizer {
    return this.#requireManual('optimizer').optimizer(index)
  }

  #requireManual(method: string): ManualServices {
    if (this.#manual) return this.#manual
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `step.${method}() belongs to manual optimization.`,
      remedy: 'Set automaticOptimization = false in the module, or return the loss and leave gradients to the Trainer.',
    })
  }
}

/** The context of one validation or test step. */
export class EvaluationScope extends ForwardScope implements EvaluationStep {
  declare readonly mode: 'validate' | 'test'
  declare readonly training: false
  readonly dataloaderIndex: number
  readonly #logging: Logging

  constructor(
    position: StepPosition,
    services: ForwardServices,
    logs: LogStore,
    samples: number,
    dataloaderIndex: number,
    suffix: string,
  ) {
    super(position, services)
    this.dataloaderIndex = dataloaderIndex
    this.#logging = new Logging(logs, EVALUATION_STEP, () => samples, suffix)
  }

  log(name: string, value: LogValue, options?: StepLogOptions): void {
    this.#logging.log(name, value, options)
  }

  logAll(values: Readonly<Record<string, LogValue>>, options?: StepLogOptions): void {
    this.#logging.logAll(values, options)
  }
}
