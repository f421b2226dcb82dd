import {
  type Buffer,
  type Decision,
  loadWholeModel,
  loadWholeOptimizer,
  type Module,
  type Optimizer,
  type OptimizerState,
  type Parameter,
  type Replicas,
  type Strategy,
  type StrategyCapabilities,
  type StrategySetup,
  type TensorRecord,
  type TrainingWindow,
  updateWindow,
  type WindowResult,
  wholeModel,
  wholeOptimizer,
} from '@levin/core'
import { type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { GroupMember } from '../group/group-member.js'
import { rankDevice } from '../group/rank-device.js'
import { broadcastValues, materialiseReplica } from '../group/same-module.js'
import { drive, type Task } from '../group/task.js'
import { DdpEngine } from './ddp-engine.js'
import { inexactness } from './inexactness.js'
import type { DdpOptions } from './options.js'

/**
 * Data parallelism: every rank holds the whole model and computes on its part of each batch; gradients are summed over the ranks
 * before the update, which all make alike. The sum is the exact mean over the whole batch, whatever the parts are: what one device
 * would have computed.
 */
export class DataParallel extends GroupMember implements Strategy {
  readonly name = 'ddp'
  readonly #options: DdpOptions
  #engine: DdpEngine | undefined
  #setup: StrategySetup | undefined
  #buffers: readonly Buffer[] = []
  /** Whether updates have happened since buffers were the same everywhere. */
  #trained = false
  /** Samples of the batch at hand, under manual optimization. */
  #samples = 0
  #globalStep = 0

  constructor(options: DdpOptions = {}) {
    super()
    this.#options = options
  }

  get capabilities(): StrategyCapabilities {
    return {
      shardsParameters: false,
      // `backward` gives its gradients at once.
      manualOptimization: this.#engine?.blocksAtWill ?? this.group.blocking !== undefined,
      needsSynchronousRead: false,
      maxDevices: Number.POSITIVE_INFINITY,
    }
  }

  get mesh(): Readonly<Record<string, number>> {
    return { data: this.rank.worldSize }
  }

  get inexact(): string | undefined {
    return this.group.size === 1 ? undefined : inexactness(this.#options)
  }

  get replicas(): Replicas | undefined {
    return this.#engine?.replicas
  }

  async setup(setup: StrategySetup): Promise<void> {
    const { accelerator, devices } = setup
    this.#setup = setup
    await accelerator.setup(await rankDevice(accelerator, devices, this.rank))
    this.#engine = new DdpEngine(this.#options, this.group, accelerator)
  }

  async materialise(module: Module, { seed }: { seed: number }): Promise<void> {
    await materialiseReplica(module, seed, this.group, this.#ready.access)
    this.#buffers = module.buffers()
  }

  async step(window: TrainingWindow): Promise<WindowResult> {
    const engine = this.#ready
    const gradients = engine.gradientsOf(window.parameters, window.clock.globalStep)
    let microBatches = 0
    let samples = 0
    let updated = false
    try {
      for (let micro = await window.next(); micro; micro = await window.next()) {
        microBatches++
        samples += micro.samples
        if (micro.last) {
          const summing = engine.run(gradients.finish(window, micro))
          if (summing) await summing
          const updating = this.#update(window, gradients.reducer.result)
          if (updating) await updating
          updated = true
        } else gradients.add(window, micro)
        const finished = window.finish(micro)
        if (finished) await finished
        if (micro.last) break
      }
    } finally {
      gradients.release()
    }
    return { microBatches, samples, updated }
  }

  #update(window: TrainingWindow, gradients: ReadonlyMap<Parameter, Tensor>): void | Promise<void> {
    return this.#inRound(window, () => updateWindow(window, gradients, this.#hostMemory))
  }

  /** An update, with what a round of training alone needs before and after it. */
  #inRound(window: TrainingWindow, update: () => void): void | Promise<void> {
    this.#trained = true
    const { rounds } = this.#ready
    if (!rounds) return update()
    return this.#ready.run(
      (function* (): Task {
        yield* rounds.begin(window.parameters)
        update()
        rounds.count()
        if (rounds.isDue) yield* rounds.end()
      })(),
    )
  }

  async manualStep(window: TrainingWindow): Promise<WindowResult> {
    const micro = await window.next()
    if (!micro) return { microBatches: 0, samples: 0, updated: false }
    this.#samples = micro.samples
    this.#globalStep = window.clock.globalStep
    await this.#inRound(window, () => tidy(() => void window.forward(micro)))
    await window.finish(micro)
    return { microBatches: 1, samples: micro.samples, updated: true }
  }

  /** Gradients are the mean over all ranks, weighted by the samples of the batch that each has. The loss is this rank's. */
  backward(loss: () => Scalar, parameters: readonly Parameter[]): { loss: Scalar; gradients: Map<Parameter, Tensor> } {
    const gradients = this.#ready.gradientsOf(parameters, this.#globalStep, true)
    try {
      const value = drive(gradients.single(loss, this.#samples), this.#ready.blocking) as Scalar
      return { loss: value, gradients: gradients.reducer.handOver() }
    } finally {
      gradients.release()
    }
  }

  evaluate<T>(run: () => T): T {
    return tidy(run as never) as T
  }

  /** Ranks that train alone talk at the ends of rounds only: a stop waits for the next. */
  override agree(decision: Decision): Decision | Promise<Decision> {
    const { rounds } = this.#ready
    return rounds && !rounds.isAtStart ? {} : super.agree(decision)
  }

  async synchronise(): Promise<void> {
    const { rounds, access } = this.#ready
    if (!this.#trained) return
    this.#trained = false
    if (rounds) {
      await this.#ready.run(rounds.end())
      if (this.#buffers.length > 0) await this.#ready.run(rounds.averageBuffers(this.#buffers))
    } else if (this.group.size > 1) {
      // Where layers know of replicas these are the same already; elsewhere rank 0's stand for all, as in PyTorch.
      await broadcastValues(this.#buffers, this.group, access)
    }
  }

  modelState(module: Module): Iterable<TensorRecord> {
    return wholeModel(module)
  }

  loadModelState(
    module: Module,
    records: ReadonlyMap<string, TensorRecord>,
    options: { strict: boolean },
  ): Promise<void> {
    return loadWholeModel(module, records, options)
  }

  *optimizerState(optimizer: Optimizer): Iterable<TensorRecord> {
    yield* wholeOptimizer(optimizer)
    yield* this.#ready.rounds?.records(optimizer) ?? []
  }

  async loadOptimizerState(
    optimizer: Optimizer,
    state: OptimizerState,
    records: ReadonlyMap<string, TensorRecord>,
  ): Promise<void> {
    const { rounds } = this.#ready
    await loadWholeOptimizer(optimizer, state, rounds ? await rounds.load(optimizer, records) : records)
  }

  async teardown(): Promise<void> {
    this.#engine?.dispose()
    this.#engine = undefined
    this.#buffers = []
    await this.#setup?.accelerator.teardown()
    this.#setup = undefined
  }

  get #hostMemory(): boolean {
    return this.#setup?.accelerator.capabilities.hostMemory ?? false
  }

  get #ready(): DdpEngine {
    if (this.#engine) return this.#engine
    throw new TypeError('ddp: setup() comes first.')
  }
}
