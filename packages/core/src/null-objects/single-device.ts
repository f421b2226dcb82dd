import { add, mul, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import type { Accelerator } from '../contracts/accelerator.js'
import type { TensorRecord } from '../contracts/checkpoint-io.js'
import type { Optimizer, OptimizerState } from '../contracts/optimizer.js'
import type {
  Decision,
  MicroBatch,
  Strategy,
  StrategyCapabilities,
  StrategySetup,
  TrainingWindow,
  WindowResult,
} from '../contracts/strategy.js'
import { keep, record } from '../engine.js'
import { LevinError } from '../errors.js'
import { updateWindow } from '../gradients/update-window.js'
import type { Module } from '../module.js'
import type { Parameter } from '../parameter.js'
import { assignPaths } from '../parameter-tree.js'
import { oneDevice } from './one-device.js'
import { soloRank } from './solo-rank.js'

// Where nothing is saved and nothing loaded, it is not loaded either.
const wholeState = () => import('../state/whole-state.js')

/** The strategy of one worker on one device; what runs where nothing else is chosen. */
export class SingleDevice implements Strategy {
  readonly name: string = 'single'
  readonly capabilities: StrategyCapabilities = {
    shardsParameters: false,
    manualOptimization: true,
    needsSynchronousRead: false,
    maxDevices: 1,
  }
  readonly rank = soloRank
  readonly dataShard = { rank: 0, count: 1 }
  readonly mesh = {}
  #accelerator: Accelerator | undefined

  async setup({ accelerator, devices }: StrategySetup): Promise<void> {
    this.#accelerator = accelerator
    await accelerator.setup(await oneDevice(accelerator, devices))
  }

  materialise(module: Module, { seed }: { seed: number }): void {
    const { parameters, buffers } = assignPaths(module)
    for (const stored of [...parameters, ...buffers]) stored.materialise({ seed })
  }

  async step(window: TrainingWindow): Promise<WindowResult> {
    const gradients = new WindowGradients()
    let microBatches = 0
    let samples = 0
    let updated = false
    try {
      for (let micro = await window.next(); micro; micro = await window.next()) {
        gradients.addMicroBatch(window, micro)
        microBatches++
        samples += micro.samples
        if (micro.last) updated = this.#update(window, gradients)
        const finished = window.finish(micro)
        if (finished) await finished
        if (micro.last) break
      }
    } finally {
      gradients.dispose()
    }
    return { microBatches, samples, updated }
  }

  #update(window: TrainingWindow, gradients: WindowGradients): boolean {
    gradients.average()
    updateWindow(window, gradients.byParameter, this.#accelerator?.capabilities.hostMemory ?? false)
    return true
  }

  async manualStep(window: TrainingWindow): Promise<WindowResult> {
    const micro = await window.next()
    if (!micro) return { microBatches: 0, samples: 0, updated: false }
    tidy(() => void window.forward(micro))
    await window.finish(micro)
    return { microBatches: 1, samples: micro.samples, updated: true }
  }

  backward(loss: () => Scalar, parameters: readonly Parameter[]): { loss: Scalar; gradients: Map<Parameter, Tensor> } {
    const gradients = new Map<Parameter, Tensor>()
    const tape = record(
      loss,
      parameters.map(({ value }) => value),
    )
    try {
      tape.backward(undefined, (_source, gradient, index) => gradients.set(parameters[index] as Parameter, gradient))
      return { loss: keep(tape.outputs.clone()) as Scalar, gradients }
    } catch (error) {
      for (const gradient of gradients.values()) gradient.dispose()
      throw error
    } finally {
      tape.dispose()
    }
  }

  evaluate<T>(run: () => T): T {
    return tidy(run as never) as T
  }

  agree(decision: Decision): Decision {
    return decision
  }

  reduce(values: Float64Array): Float64Array {
    return values
  }

  gather<T>(value: T): readonly T[] {
    return [value]
  }

  broadcast<T>(value: T): T {
    return value
  }

  barrier(): void {}

  async *modelState(module: Module): AsyncIterable<TensorRecord> {
    yield* (await wholeState()).wholeModel(module)
  }

  async loadModelState(
    module: Module,
    records: ReadonlyMap<string, TensorRecord>,
    options: { strict: boolean },
  ): Promise<void> {
    await (await wholeState()).loadWholeModel(module, records, options)
  }

  async *optimizerState(optimizer: Optimizer): AsyncIterable<TensorRecord> {
    yield* (await wholeState()).wholeOptimizer(optimizer)
  }

  async loadOptimizerState(
    optimizer: Optimizer,
    state: OptimizerState,
    records: ReadonlyMap<string, TensorRecord>,
  ): Promise<void> {
    await (await wholeState()).loadWholeOptimizer(optimizer, state, records)
  }

  async teardown(): Promise<void> {
    await this.#accelerator?.teardown()
    this.#accelerator = undefined
  }
}

/** The gradients of an accumulation window: a sum weighted by what each loss counts, divided once at the end. */
class WindowGradients {
  readonly byParameter = new Map<Parameter, Tensor>()
  #weight = 0
  #microBatches = 0

  addMicroBatch(window: TrainingWindow, micro: MicroBatch): void {
    const { parameters } = window
    // The weight cancels out of a window of one micro-batch.
    const alone = micro.index === 0 && micro.last
    let weight = 1
    const tape = record(
      () => {
        const weighted = window.forward(micro)
        weight = weighted.weight
        return weighted.loss
      },
      parameters.map(({ value }) => value),
    )
    try {
      requireConnected(tape.connected, parameters)
      window.beforeBackward(micro, tape.outputs)
      tape.backward(alone ? undefined : weight, (_source, gradient, index) =>
        this.#take(parameters[index] as Parameter, gradient),
      )
      window.afterBackward(micro)
    } finally {
      tape.dispose()
    }
    this.#weight += weight
    this.#microBatches++
  }

  #take(parameter: Parameter, gradient: Tensor): void {
    const sum = this.byParameter.get(parameter)
    if (!sum) {
      this.byParameter.set(parameter, gradient)
      return
    }
    this.byParameter.set(parameter, keep(tidy(() => add(sum, gradient))))
    sum.dispose()
    gradient.dispose()
  }

  average(): void {
    if (this.#microBatches < 2) return
    // A window without any weight has no direction: its gradients are zero already.
    const factor = this.#weight === 0 ? 0 : 1 / this.#weight
    for (const [parameter, sum] of this.byParameter) {
      this.byParameter.set(parameter, keep(tidy(() => mul(sum, factor))))
      sum.dispose()
    }
  }

  dispose(): void {
    for (const gradient of this.byParameter.values()) gradient.dispose()
    this.byParameter.clear()
  }
}

function requireConnected(connected: readonly boolean[], parameters: readonly Parameter[]): void {
  if (connected.includes(true)) return
  if (parameters.length === 0) {
    throw new LevinError('LEVIN_LOSS_NOT_CONNECTED', {
      message: 'There is nothing to train: every parameter of the optimizer is frozen.',
      remedy: 'Call unfreeze() on the module, or on the layers that are to learn.',
    })
  }
  throw new LevinError('LEVIN_LOSS_NOT_CONNECTED', {
    message: `The loss depends on none of the ${parameters.length} parameters that the optimizer trains.`,
    remedy:
      'Compute it from the output of layers, without reading values back (dataSync, arraySync) and without integer ops such as argMax on the way; and check that the parameters given to the optimizer are those of this module.',
  })
}
