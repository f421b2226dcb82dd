import {
  BufferUpdates,
  type ForwardServices,
  type GradientClipping,
  type Gradients,
  keep,
  type MicroBatch,
  type Optimizer,
  type Parameter,
  type ScalarSink,
  type Slot,
  type StepRunContext,
  type TrainingWindow,
  type WeightedLoss,
} from '@levin/core'
import { clone, type Scalar } from '@tensorflow/tfjs-core'
import type { BatchSource } from '../batches/batch-source.js'
import { BatchTransfer, type TransferredBatch } from '../batches/batch-transfer.js'
import type { LogStore } from '../logging/log-store.js'
import type { Run } from '../run/run.js'
import { applySchedules } from '../run/schedules.js'
import { trainingHookRun } from './logging-run.js'
import { lossTag, nonFiniteLoss, requireSynchronous, weightedLoss } from './loss.js'
import type { ManualOptimization } from './manual-optimization.js'
import { TrainingScope } from './scopes.js'

/** Told when a window with its update is over, hooks included. */
export interface WindowListener {
  /** The update has happened; the hooks of its batch are about to run. */
  stepEnding(): void
  stepEnded(): void | Promise<void>
}

/** What the windows of an epoch work with. */
export interface WindowServices {
  readonly logs: LogStore
  readonly sink: ScalarSink
  readonly listener: WindowListener
  /** There under manual optimization, which others do not load. */
  readonly manual: typeof ManualOptimization | undefined
}

interface Micro extends MicroBatch {
  readonly step: TrainingScope
  readonly transferred: TransferredBatch
  loss: Scalar | undefined
  weight: number
}

/**
 * The accumulation windows of one epoch, as the strategy sees them. Hooks, logging, limits and the clock happen inside
 * its calls. One object serves all windows, so that a step allocates little.
 */
export class EpochWindows implements TrainingWindow {
  readonly optimizer: Optimizer
  /** What the optimizers train and is trainable in this window. */
  parameters: readonly Parameter[]
  readonly clipping: GradientClipping | undefined
  /** A hook asked to leave out the rest of the epoch. */
  skipped = false
  /** What the optimizers train, be it trainable now or not. */
  readonly #candidates: readonly Parameter[]
  readonly #run: Run
  readonly #source: BatchSource
  readonly #logs: LogStore
  readonly #sink: ScalarSink
  readonly #lossSlot: Slot
  readonly #transfer: BatchTransfer
  readonly #hookRun: StepRunContext
  readonly #listener: WindowListener
  readonly #updates = new BufferUpdates()
  readonly #forward: ForwardServices
  readonly #manual: ManualOptimization | undefined
  #index = 0
  #firstSample = 0
  /** Micro-batches that were handed out and are not done: several where the strategy runs all forwards first. */
  readonly #open = new Set<Micro>()
  /** The clock at the beginning of the window. */
  #firstBatch = 0
  #firstStep = 0

  constructor(run: Run, source: BatchSource, { logs, sink, listener, manual: Manual }: WindowServices) {
    this.#run = run
    const { strategy, accelerator, options } = run
    const drawUniform = accelerator.drawUniform?.bind(accelerator)
    const replicas = options.syncBatchNorm ? strategy.replicas : undefined
    this.#forward = {
      updates: this.#updates,
      intercept: strategy.intercept,
      sharing: strategy.sharing,
      drawUniform,
      replicas,
    }
    this.#source = source
    this.#logs = logs
    this.#sink = sink
    this.#lossSlot = sink.slot({ reduction: 'last' })
    this.#transfer = new BatchTransfer(run)
    this.#hookRun = trainingHookRun(run, logs)
    this.#listener = listener
    this.optimizer = run.optimizers[0]?.optimizer as Optimizer
    this.#candidates = candidates(run)
    this.parameters = this.#candidates.filter(isTrainable)
    // A module that clips by itself does so instead.
    this.clipping = run.module.configureGradientClipping ? undefined : run.options.clipping
    this.#manual = Manual && new Manual(run, this.#hookRun)
  }

  get clock() {
    return this.#run.clock
  }

  get hasNext(): boolean {
    return !this.skipped && this.#source.hasNext
  }

  /** Whether the epoch's data are used up. */
  ended(): boolean {
    return !this.hasNext
  }

  /** Begins a window. */
  begin(): this {
    this.#index = 0
    this.#firstSample = 0
    this.#firstBatch = this.clock.batchIndex
    this.#firstStep = this.clock.globalStep
    if (this.#hasChanged()) this.parameters = this.#candidates.filter(isTrainable)
    return this
  }

  /** Whether something was frozen or unfrozen since the last window, as fine-tuning does from a hook. */
  #hasChanged(): boolean {
    let index = 0
    for (const parameter of this.#candidates) {
      if (parameter.trainable && this.parameters[index++] !== parameter) return true
    }
    return index !== this.parameters.length
  }

  async next(): Promise<MicroBatch | undefined> {
    const { options } = this.#run
    if (this.#index >= options.accumulateGradBatches || !this.hasNext) return undefined
    const taken = this.#source.take()
    const raw = taken instanceof Promise ? await taken : taken
    const transferred = this.#transfer.transfer(raw, this.#source, 0)
    const last = this.#index + 1 >= options.accumulateGradBatches || !this.#source.hasNext
    const micro = this.#micro(transferred, last)
    this.#open.add(micro)
    if (this.#run.asksAtBatchStart && (await this.#startHooks(micro))) {
      this.skipped = true
      // The window has lost a part: it ends without an update.
      this.#updates.discard()
      this.#release(micro)
      return undefined
    }
    return micro
  }

  /** Whether the rest of the epoch is left out: by all ranks if by any, since they make each update together. */
  async #startHooks(micro: Micro): Promise<boolean> {
    const { hooks, strategy, rank } = this.#run
    this.#run.batchSamples = micro.samples
    const skip = await hooks.callBatchStart(micro.transferred.batch, micro.step.batchIndex, this.#hookRun)
    if (rank.worldSize === 1) return skip
    const [skipped] = await strategy.reduce(Float64Array.of(skip ? 1 : 0), 'max')
    return skipped === 1
  }

  #micro(transferred: TransferredBatch, last: boolean): Micro {
    const { clock, options } = this.#run
    const { samples, place } = transferred
    const step = new TrainingScope(
      {
        seed: options.seed,
        mode: 'train',
        globalStep: clock.globalStep,
        epoch: clock.epoch,
        batchIndex: this.#firstBatch + this.#index,
        microBatch: this.#index,
        firstSample: this.#firstSample + place.first,
        globalBatchSize: place.total,
      },
      this.#forward,
      this.#logs,
      samples,
      this.#manual,
    )
    this.#firstSample += place.total
    return { index: this.#index++, last, samples, step, transferred, loss: undefined, weight: samples }
  }

  forward(micro: MicroBatch): WeightedLoss {
    this.#run.batchSamples = micro.samples
    const { module } = this.#run
    const { transferred, step } = micro as Micro
    const output = module.trainingStep?.(transferred.batch, step)
    requireSynchronous(output, module, 'trainingStep')
    // Under manual optimization the loss has been used already; whatever comes back is for the hooks.
    if (this.#manual && output === undefined) return { loss: undefined as never, weight: micro.samples }
    const weighted = weightedLoss(output, micro.samples, module)
    ;(micro as Micro).weight = weighted.weight
    if (this.#manual) this.#watch(micro as Micro, weighted.loss)
    return weighted
  }

  beforeBackward(micro: MicroBatch, loss: Scalar): void {
    const { hooks } = this.#run
    this.#run.batchSamples = micro.samples
    this.#watch(micro as Micro, loss)
    if (micro.index === 0) hooks.call('onBeforeZeroGrad', this.optimizer, this.#hookRun)
    hooks.call('onBeforeBackward', loss, this.#hookRun)
  }

  /** Finds a loss that is not finite: at once where reading is a load, at the next read of the logs elsewhere. */
  #watch(micro: Micro, loss: Scalar): void {
    if (this.#run.hooks.has('onTrainBatchEnd')) micro.loss = keep(clone(loss))
    if (this.#countsForNothing(micro)) return
    const tag = lossTag(this.clock.globalStep, micro.step.batchIndex)
    if (!this.#run.accelerator.capabilities.hostMemory) {
      this.#sink.write(this.#lossSlot, loss, 1, tag)
      return
    }
    const [value = Number.NaN] = loss.dataSync()
    if (!Number.isFinite(value)) throw nonFiniteLoss(tag, value)
  }

  /** A shard may have no part in the last batch, or nothing in it that counts: the mean over nothing is NaN there. */
  #countsForNothing({ samples, weight }: Micro): boolean {
    return samples === 0 || (weight === 0 && this.#run.strategy.dataShard.count > 1)
  }

  /** Looks at the losses written since the last call. */
  async checkLoss(): Promise<void> {
    if (this.#run.accelerator.capabilities.hostMemory) return
    const [reading] = await this.#sink.read([this.#lossSlot])
    if (reading?.firstNonFinite !== undefined) throw nonFiniteLoss(reading.firstNonFinite, undefined)
  }

  afterBackward(_micro: MicroBatch): void {
    this.#run.hooks.call('onAfterBackward', this.#hookRun)
  }

  beforeUpdate(gradients: Gradients): Gradients {
    const { hooks, module, options } = this.#run
    hooks.call('onBeforeOptimizerStep', this.optimizer, gradients, this.#hookRun)
    return module.configureGradientClipping?.(this.optimizer, gradients, options.clipping) ?? gradients
  }

  update(gradients: Gradients, gradientScale: number | Scalar | undefined): void {
    const { module } = this.#run
    const options = {
      ...(gradientScale === undefined ? {} : { gradientScale }),
      ...(this.clipping?.algorithm === 'value' ? { clipValue: this.clipping.value } : {}),
    }
    if (module.optimizerStep) module.optimizerStep(this.optimizer, gradients, options)
    else this.optimizer.step(gradients, options)
    this.#stepped()
  }

  #stepped(): void {
    this.#run.clock.globalStep++
    applySchedules(this.#run)
  }

  finish(given: MicroBatch): void | Promise<void> {
    const micro = given as Micro
    const { clock, hooks } = this.#run
    if (micro.last) this.#updates.commit()
    if (this.#manual?.finish()) this.#stepped()
    const { batchIndex } = micro.step
    this.#run.batchSamples = micro.samples
    clock.batchIndex++
    clock.totalBatches++
    clock.totalSamples += micro.transferred.place.total
    if (this.#endsStep(micro)) this.#listener.stepEnding()
    const output = { loss: micro.loss, weight: micro.weight }
    const called = hooks.call('onTrainBatchEnd', output, micro.transferred.batch, batchIndex, this.#hookRun)
    if (called) return called.then(() => this.#free(micro))
    return this.#free(micro)
  }

  #free(micro: Micro): void | Promise<void> {
    this.#release(micro)
    return this.#endsStep(micro) ? this.#listener.stepEnded() : undefined
  }

  /** Under manual optimization a batch may end without an update. */
  #endsStep(micro: Micro): boolean {
    return micro.last && this.clock.globalStep > this.#firstStep
  }

  /** Frees what a window that failed has left. */
  abandon(): void {
    this.#updates.discard()
    this.#manual?.discard()
    for (const micro of this.#open) this.#release(micro)
  }

  #release(micro: Micro): void {
    this.#open.delete(micro)
    this.#run.batchSamples = 1
    micro.loss?.dispose()
    micro.transferred.release()
  }
}

function candidates(run: Run): Parameter[] {
  const all = run.optimizers.flatMap(({ optimizer }) => optimizer.groups.flatMap((group) => group.parameters))
  return [...new Set(all)]
}

const isTrainable = ({ trainable }: Parameter): boolean => trainable
