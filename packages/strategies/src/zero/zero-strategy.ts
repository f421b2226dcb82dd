import {
  type Accelerator,
  type Buffer,
  type Collectives,
  clippingCoefficient,
  type Gradients,
  LevinError,
  loadWholeModel,
  type MicroBatch,
  type Module,
  type Optimizer,
  type Parameter,
  type Replicas,
  type Strategy,
  type StrategyCapabilities,
  type StrategySetup,
  type TensorRecord,
  type TrainingWindow,
  type WindowResult,
} from '@levin/core'
import { scalar, type Tensor } from '@tensorflow/tfjs-core'
import { GroupMember } from '../group/group-member.js'
import { replicasOf } from '../group/group-replicas.js'
import { requireOwnClippingAbsent } from '../group/own-clipping.js'
import { rankDevice } from '../group/rank-device.js'
import { broadcastValues } from '../group/same-module.js'
import { TensorAccess } from '../group/tensor-access.js'
import { LineTransfer } from './line-transfer.js'
import type { ResolvedZeroOptions } from './options.js'

/** The gradients of one window on their way to the ranks that need them. */
export interface WindowGradients {
  /** Runs a micro-batch forward and back. */
  add(window: TrainingWindow, micro: MicroBatch): void
  /** After the last: the means of what this rank holds. They stay this object's. */
  own(): ReadonlyMap<Parameter, Tensor>
  dispose(): void
}

/** What a rank of any stage works with, once it is set up. */
export interface Workplace {
  readonly accelerator: Accelerator
  readonly collectives: Collectives
  readonly access: TensorAccess
  readonly transfer: LineTransfer
  readonly rank: number
  readonly ranks: number
}

/** What the three stages have in common: the order of a step, clipping by the norm over all ranks, what is agreed on. */
export abstract class Zero extends GroupMember implements Strategy {
  readonly name = 'zero'
  readonly capabilities: StrategyCapabilities = {
    shardsParameters: true,
    manualOptimization: false,
    needsSynchronousRead: true,
    maxDevices: Number.POSITIVE_INFINITY,
  }
  readonly options: ResolvedZeroOptions
  #workplace: Workplace | undefined
  #buffers: readonly Buffer[] = []
  /** Whether updates have happened since buffers were the same everywhere. */
  #trained = false

  constructor(options: ResolvedZeroOptions) {
    super()
    this.options = options
  }

  get mesh(): Readonly<Record<string, number>> {
    return { data: this.rank.worldSize }
  }

  get savesParts(): boolean {
    return this.options.checkpoint === 'sharded'
  }

  get replicas(): Replicas | undefined {
    return replicasOf(this.group, this.workplace.accelerator.capabilities.hostMemory)
  }

  protected get workplace(): Workplace {
    if (this.#workplace) return this.#workplace
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: "The strategy 'zero' was used before it was set up.",
      remedy: 'Give it to a Trainer.',
    })
  }

  async setup({ accelerator, devices }: StrategySetup): Promise<void> {
    const { blocking, rank, size } = this.group
    if (!blocking) {
      throw new LevinError('LEVIN_NOT_SUPPORTED', {
        message:
          "The strategy 'zero' communicates within a step, and a rank may not block here: a browser's main thread must not.",
        remedy: 'Start the ranks in workers, or use a strategy that communicates between steps.',
      })
    }
    await accelerator.setup(await rankDevice(accelerator, devices, this.rank))
    this.#workplace = {
      accelerator,
      collectives: blocking,
      access: new TensorAccess(accelerator),
      transfer: new LineTransfer(blocking, rank),
      rank,
      ranks: size,
    }
  }

  async materialise(module: Module, { seed }: { seed: number }): Promise<void> {
    requireOwnClippingAbsent(module, this.name, this.group.size)
    await this.fill(module, seed)
    this.#buffers = module.buffers()
  }

  /** Gives parameters and buffers what this rank holds of them. */
  protected abstract fill(module: Module, seed: number): Promise<void>

  async step(window: TrainingWindow): Promise<WindowResult> {
    const gradients = this.begin(window)
    let microBatches = 0
    let samples = 0
    let updated = false
    try {
      for (let micro = await window.next(); micro; micro = await window.next()) {
        gradients.add(window, micro)
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
    this.#trained = true
    const own = gradients.own()
    this.updateParts(own, window.optimizer, () => {
      const chosen = window.beforeUpdate(own)
      window.update(chosen, this.#clippingCoefficient(window, chosen))
    })
    return true
  }

  /** The norm of all gradients from those of the ranks' parts, added in double precision: the same bits on all of them. */
  #clippingCoefficient({ clipping, optimizer }: TrainingWindow, gradients: Gradients): number | undefined {
    if (clipping?.algorithm !== 'norm') return undefined
    const { collectives, ranks } = this.workplace
    const squaredNorm = optimizer.squaredNorm(gradients)
    const own = Float64Array.from(squaredNorm.dataSync<'float32'>())
    squaredNorm.dispose()
    const bytes = new Uint8Array(8 * ranks)
    collectives.allGather(new Uint8Array(own.buffer), bytes)
    const square = scalar(new Float64Array(bytes.buffer).reduce((sum, each) => sum + each, 0))
    const coefficient = clippingCoefficient(square, clipping.value, true)
    square.dispose()
    return coefficient as number
  }

  protected abstract begin(window: TrainingWindow): WindowGradients

  /** Runs an optimizer on this rank's parts of the parameters that have gradients. */
  protected abstract updateParts(gradients: Gradients, optimizer: Optimizer, update: () => void): void

  /** Where layers know of replicas buffers are the same already; elsewhere rank 0's stand for all, as in PyTorch. */
  async synchronise(): Promise<void> {
    if (!this.#trained || this.group.size === 1) return
    this.#trained = false
    await broadcastValues(this.#buffers, this.group, this.workplace.access)
  }

  abstract evaluate<T>(run: () => T): T

  abstract modelState(module: Module): AsyncIterable<TensorRecord> | Iterable<TensorRecord>
  loadModelState = loadWholeModel
  abstract optimizerState(optimizer: Optimizer): AsyncIterable<TensorRecord>
  abstract loadOptimizerState(
    optimizer: Optimizer,
    state: Parameters<Optimizer['load']>[0],
    records: ReadonlyMap<string, TensorRecord>,
  ): Promise<void>

  async teardown(): Promise<void> {
    const { accelerator } = this.#workplace ?? {}
    this.#workplace = undefined
    this.#buffers = []
    await accelerator?.teardown()
  }
}
