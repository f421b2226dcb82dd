import type { Loader, LoaderPosition } from '@levin/core'
import { countBatches } from '../batches/batch-source.js'
import { LogStore } from '../logging/log-store.js'
import { isZero } from '../resolve-options.js'
import { gatherRanks } from '../run/agreement.js'
import { refusals } from '../run/refusals.js'
import type { Run, StopRequest } from '../run/run.js'
import { applySchedules, observeMetrics } from '../run/schedules.js'
import { SharedTrigger } from '../run/shared-trigger.js'
import { EvaluationLoop, emptyLoader } from './evaluation-loop.js'
import { epochHookRun } from './logging-run.js'
import { TrainingEpoch } from './training-epoch.js'

export interface FitData {
  readonly train: Loader
  /** `[]`: no validation. */
  readonly validation: readonly Loader[]
  /** Asks for the loaders again. */
  reload(): Promise<{ train: Loader; validation: readonly Loader[] }>
}

/** Where a fit stands, beyond the clock. JSON; goes into checkpoints. */
export interface FitPosition {
  /** The epoch's batches are done and so is its validation; what remains are the hooks of its end. */
  readonly epochValidated: boolean
  /** The epoch is over: the next one begins. */
  readonly epochEnded: boolean
  /** The checkpoint was saved among the hooks of a step's end: validation that is due after them is still to come. */
  readonly stepPending: boolean
  readonly loader: LoaderPosition | undefined
  /** Parts that the data were divided into. */
  readonly shards: number
}

/** Epochs of training with validation in between, in Lightning's order of hooks. */
export class FitLoop {
  readonly #run: Run
  readonly #logs: LogStore
  readonly #epoch: TrainingEpoch
  readonly #validationTrigger: SharedTrigger
  readonly #logTrigger: SharedTrigger
  #train: Loader
  #validation: readonly Loader[]
  readonly #reload: FitData['reload']
  readonly #started: number
  #epochValidated = false
  #epochEnded = false
  /** Where the checkpoint lies within its epoch. */
  #resumeAt: FitPosition | undefined
  #stepPending = false
  /** Ends the epoch for loggers and schedules; there while the hooks of its end run. */
  #closing: (() => Promise<void>) | undefined

  constructor(run: Run, { train, validation, reload }: FitData) {
    this.#run = run
    this.#train = train
    this.#validation = validation
    this.#reload = reload
    const sink = run.createSink()
    this.#logs = new LogStore(sink)
    this.#validationTrigger = new SharedTrigger(run.options.valCheckInterval, run)
    this.#logTrigger = new SharedTrigger(run.options.logEvery, run)
    this.#started = run.platform.now()
    this.#epoch = new TrainingEpoch(run, {
      sink,
      logs: this.#logs,
      logTrigger: this.#logTrigger,
      afterStep: () => this.#afterStep(),
      mustStop: () => this.#mustStop(),
    })
  }

  position(): FitPosition {
    const { batchIndex, epoch } = this.#run.clock
    const loader = this.#train.position?.(batchIndex) ?? { epoch, batch: batchIndex }
    const { isPending: stepPending } = this.#epoch
    const { count: shards } = this.#run.strategy.dataShard
    return { epochValidated: this.#epochValidated, epochEnded: this.#epochEnded, stepPending, loader, shards }
  }

  /** Goes on from where a checkpoint was saved. The clock has been restored already. */
  resume(position: FitPosition): void {
    const { clock } = this.#run
    this.#epochValidated = position.epochValidated
    this.#resumeAt = position.epochEnded ? undefined : position
    this.#stepPending = position.stepPending
    if (position.epochEnded) {
      clock.epoch++
      clock.batchIndex = 0
      this.#epochValidated = false
    }
  }

  /**
   * Brings what the loggers and schedules would get after the hooks at hand to them now, so that a checkpoint that is
   * saved in such a hook holds it, and a resumed run neither lacks a row nor has one twice.
   */
  settle(): Promise<void> {
    return this.#closing ? this.#closing() : this.#epoch.settle()
  }

  async run(): Promise<void> {
    const { hooks, options, clock, strategy } = this.#run
    const limits = options.limits.train
    const trainBatches = countBatches(this.#train, limits, 'limitTrainBatches')
    if (trainBatches === 0 && !isZero(limits)) throw emptyLoader('training', 0, 1)
    await this.#setLimits(trainBatches)
    // A signal may have been aborted already.
    let stopped = await this.#mustStop()
    if (!stopped) await this.#sanityCheck()
    this.#run.phase = 'train'
    this.#run.reader = async () => this.#run.takeSteps(await this.#logs.readStep())
    applySchedules(this.#run)
    await hooks.call('onTrainStart', epochHookRun(this.#run, this.#logs))
    while (!stopped && !this.#done()) {
      await this.#reloadIfDue()
      await this.#runEpoch()
      // Hooks at the end of an epoch may have asked for it; as within the epoch, all ranks agree.
      stopped = await this.#mustStop()
      if (clock.globalStep >= options.maxSteps && clock.batchIndex > 0) break
    }
    if (!stopped && (await this.#validationTrigger.fires(this.#run, 'end'))) await this.#validate()
    if (await this.#logTrigger.fires(this.#run, 'end')) await this.#epoch.logStep()
    await strategy.synchronise?.()
    await hooks.call('onTrainEnd', this.#run)
  }

  async #setLimits(trainBatches: number | undefined): Promise<void> {
    const { options } = this.#run
    await settleSteps(this.#run, trainBatches)
    this.#run.limits = {
      maxEpochs: options.maxEpochs,
      maxSteps: options.maxSteps,
      trainBatches,
      evaluationBatches: [],
      accumulateGradientBatches: options.accumulateGradBatches,
      hasValidation: this.#validation.length > 0,
    }
  }

  #done(): boolean {
    const { clock, options } = this.#run
    if (this.#run.limits.trainBatches === 0) return true
    return clock.epoch >= options.maxEpochs || clock.globalStep >= options.maxSteps
  }

  #mayStop({ reason }: StopRequest): boolean {
    const { clock, options } = this.#run
    // Whoever runs the program outranks the minimum that the program set.
    if (['aborted', 'signal', 'maxTime'].includes(reason)) return true
    return clock.epoch >= options.minEpochs && clock.globalStep >= options.minSteps
  }

  async #sanityCheck(): Promise<void> {
    const { hooks, options, clock } = this.#run
    const rehearse = this.#validation.length > 0 && options.numSanityValSteps > 0 && clock.totalBatches === 0
    if (!rehearse) return
    this.#run.phase = 'sanityCheck'
    await hooks.call('onSanityCheckStart', this.#run)
    await this.#evaluation(options.numSanityValSteps).run()
    await hooks.call('onSanityCheckEnd', this.#run)
  }

  #evaluation(sanitySteps?: number): EvaluationLoop {
    return new EvaluationLoop(this.#run, {
      stage: 'validate',
      loaders: this.#validation,
      limit: this.#run.options.limits.validate,
      ...(sanitySteps === undefined ? {} : { sanitySteps }),
    })
  }

  async #reloadIfDue(): Promise<void> {
    const { options, clock } = this.#run
    const every = options.reloadDataloadersEveryNEpochs
    if (every === 0 || clock.epoch === 0 || clock.epoch % every !== 0 || clock.batchIndex > 0) return
    const loaders = await this.#reload()
    this.#train = loaders.train
    this.#validation = loaders.validation
    await this.#setLimits(countBatches(loaders.train, options.limits.train, 'limitTrainBatches'))
  }

  async #runEpoch(): Promise<void> {
    const { hooks, clock, limits } = this.#run
    this.#epochEnded = false
    this.#logs.resetEpoch()
    this.#train.setEpoch?.(clock.epoch)
    const { epoch, sample = 0 } = this.#resumeAt?.loader ?? {}
    // Fewer samples than a batch has now count as none of these.
    const resumed = clock.batchIndex > 0 || (epoch === clock.epoch && sample > 0)
    const skip = resumed ? (await import('./resume-epoch.js')).resumeEpoch(this.#run, this.#train, this.#resumeAt) : 0
    this.#resumeAt = undefined
    const hookRun = epochHookRun(this.#run, this.#logs)
    await hooks.call('onTrainEpochStart', hookRun)
    if (this.#stepPending) {
      this.#stepPending = false
      await this.#epoch.resumeStep()
    }
    const limit = (limits.trainBatches ?? Infinity) - clock.batchIndex
    const finished = await this.#epoch.run(this.#train, { limit, skip, resumed })
    if (finished && !this.#epochValidated) await this.#validateAtEpochEnd()
    await this.#endEpoch(hookRun, finished)
  }

  async #validateAtEpochEnd(): Promise<void> {
    if (!(await this.#validationTrigger.fires(this.#run, 'epoch'))) return
    this.#epochValidated = true
    await this.#validate()
  }

  async #endEpoch(hookRun: ReturnType<typeof epochHookRun>, finished: boolean): Promise<void> {
    const { hooks, clock, strategy } = this.#run
    this.#epochEnded = finished
    // Read before the hooks, so that those who judge the epoch see it; what they log is read after them.
    this.#run.take(await this.#logs.readEpoch(strategy))
    let closed = false
    const close = async () => {
      const values = await this.#logs.readEpoch(strategy)
      this.#run.take(values)
      this.#run.logRow(closed ? values.filter(({ fresh }) => fresh) : values)
      if (closed) return
      closed = true
      if (await this.#logTrigger.fires(this.#run, 'epoch')) await this.#epoch.logStep()
      // An epoch that was cut short is observed when it ends.
      if (finished) await observeMetrics(this.#run, 'epoch')
    }
    this.#closing = close
    await hooks.call('onTrainEpochEnd', hookRun)
    await close()
    this.#closing = undefined
    if (this.#run.isGlobalZero) for (const logger of this.#run.loggers) await logger.flush?.()
    if (!finished) return
    clock.epoch++
    clock.batchIndex = 0
    this.#epochValidated = false
    // What is saved from here on, as at the end of the run, is of the epoch to come.
    this.#epochEnded = false
    applySchedules(this.#run)
  }

  #afterStep(): void | Promise<void> {
    const fires = this.#validationTrigger.fires(this.#run, 'step')
    if (typeof fires === 'boolean') return fires ? this.#validate() : undefined
    return fires.then((agreed) => (agreed ? this.#validate() : undefined))
  }

  async #validate(): Promise<void> {
    if (this.#validation.length > 0) await this.#evaluation().run()
  }

  #mustStop(): boolean | Promise<boolean> {
    const { strategy, options, platform } = this.#run
    if (options.maxTime !== Infinity && platform.now() - this.#started >= options.maxTime) {
      this.#run.requestStop('maxTime', `maxTime is over.`)
    }
    const own = this.#run.askedStop
    // All ranks count alike, so who may not stop yet need not be heard by the others.
    const asked = own && this.#mayStop(own) ? own : undefined
    if (!asked) this.#run.withdrawStop()
    const agreed = strategy.agree(asked ? { stop: asked.reason, message: asked.message } : {})
    return agreed instanceof Promise ? agreed.then((decision) => this.#apply(decision)) : this.#apply(agreed)
  }

  #apply({ stop, message }: { stop?: string | undefined; message?: unknown }): boolean {
    if (!stop) return false
    this.#run.adoptStop({ reason: stop, message: typeof message === 'string' ? message : '' })
    return true
  }
}

/**
 * What all ranks have to know of each other before they train in step: one with fewer batches would leave the others waiting, and
 * so would one whose hooks may leave out the rest of an epoch.
 *
 * @throws LEVIN_DATA on all ranks
 */
async function settleSteps(run: Run, trainBatches: number | undefined): Promise<void> {
  const own = { batches: trainBatches ?? null, mayLeaveOut: run.hooks.has('onTrainBatchStart') }
  const all = await gatherRanks(run.strategy, own)
  run.asksAtBatchStart = all.some(({ mayLeaveOut }) => mayLeaveOut)
  const counts = all.map(({ batches }) => batches ?? 'an unknown number of')
  const other = counts.findIndex((count) => count !== counts[0])
  if (other < 0) return
  throw (await refusals()).otherBatches(counts, other)
}
