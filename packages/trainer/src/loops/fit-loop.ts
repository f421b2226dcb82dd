import { type Loader, type LoaderPosition, TriggerState } from '@levin/core'
import { countBatches } from '../batches/batch-source.js'
import { LogStore } from '../logging/log-store.js'
import { isZero } from '../resolve-options.js'
import type { Run } from '../run/run.js'
import { applySchedules, observeMetrics } from '../run/schedules.js'
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
}

/** Epochs of training with validation in between, in Lightning's order of hooks. */
export class FitLoop {
  readonly #run: Run
  readonly #logs: LogStore
  readonly #epoch: TrainingEpoch
  readonly #validationTrigger: TriggerState
  readonly #logTrigger: TriggerState
  #train: Loader
  #validation: readonly Loader[]
  readonly #reload: FitData['reload']
  readonly #started: number
  #epochValidated = false
  #epochEnded = false
  #resumeAt: LoaderPosition | undefined
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
    this.#validationTrigger = new TriggerState(run.options.valCheckInterval, run.platform.now)
    this.#logTrigger = new TriggerState(run.options.logEvery, run.platform.now)
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
    return { epochValidated: this.#epochValidated, epochEnded: this.#epochEnded, stepPending, loader }
  }

  /** Goes on from where a checkpoint was saved. The clock has been restored already. */
  resume(position: FitPosition): void {
    const { clock } = this.#run
    this.#epochValidated = position.epochValidated
    this.#resumeAt = position.loader
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
    this.#setLimits(trainBatches)
    // A signal may have been aborted already.
    let stopped = await this.#mustStop()
    if (!stopped) await this.#sanityCheck()
    this.#run.phase = 'train'
    this.#run.reader = async () => this.#run.take(await this.#logs.readStep())
    applySchedules(this.#run)
    await hooks.call('onTrainStart', epochHookRun(this.#run, this.#logs))
    while (!stopped && !this.#done()) {
      await this.#reloadIfDue()
      await this.#runEpoch()
      // Hooks at the end of an epoch may have asked for it; as within the epoch, all ranks agree.
      stopped = await this.#mustStop()
      if (clock.globalStep >= options.maxSteps && clock.batchIndex > 0) break
    }
    if (!stopped && this.#validationTrigger.fires(clock, 'end')) await this.#validate()
    if (this.#logTrigger.fires(clock, 'end')) await this.#epoch.logStep()
    await strategy.synchronise?.()
    await hooks.call('onTrainEnd', this.#run)
  }

  #setLimits(trainBatches: number | undefined): void {
    const { options } = this.#run
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

  #mayStop(): boolean {
    const { clock, options, stopRequest } = this.#run
    // Whoever runs the program outranks the minimum that the program set.
    if (stopRequest && ['aborted', 'signal', 'maxTime'].includes(stopRequest.reason)) return true
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
    this.#setLimits(countBatches(loaders.train, options.limits.train, 'limitTrainBatches'))
  }

  async #runEpoch(): Promise<void> {
    const { hooks, clock, limits } = this.#run
    this.#epochEnded = false
    this.#logs.resetEpoch()
    this.#train.setEpoch?.(clock.epoch)
    const skip = clock.batchIndex > 0 ? this.#seek() : 0
    const hookRun = epochHookRun(this.#run, this.#logs)
    await hooks.call('onTrainEpochStart', hookRun)
    if (this.#stepPending) {
      this.#stepPending = false
      await this.#epoch.resumeStep()
    }
    const finished = await this.#epoch.run(this.#train, (limits.trainBatches ?? Infinity) - clock.batchIndex, skip)
    if (finished && !this.#epochValidated) await this.#validateAtEpochEnd()
    await this.#endEpoch(hookRun, finished)
  }

  /** Goes on within an epoch. Gives how many batches a loader that cannot be sought has to be read on. */
  #seek(): number {
    const { epoch, batchIndex } = this.#run.clock
    if (!this.#train.seek) return batchIndex
    const stored = this.#resumeAt
    this.#train.seek(stored?.epoch === epoch && stored.batch === batchIndex ? stored : { epoch, batch: batchIndex })
    return 0
  }

  async #validateAtEpochEnd(): Promise<void> {
    if (!this.#validationTrigger.fires(this.#run.clock, 'epoch')) return
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
      if (this.#logTrigger.fires(clock, 'epoch')) await this.#epoch.logStep()
      // An epoch that was cut short is observed when it ends.
      if (finished) await observeMetrics(this.#run, 'epoch')
    }
    this.#closing = close
    await hooks.call('onTrainEpochEnd', hookRun)
    await close()
    this.#closing = undefined
    for (const logger of this.#run.loggers) await logger.flush?.()
    if (!finished) return
    clock.epoch++
    clock.batchIndex = 0
    this.#epochValidated = false
    applySchedules(this.#run)
  }

  #afterStep(): void | Promise<void> {
    if (!this.#validationTrigger.fires(this.#run.clock, 'step')) return undefined
    return this.#validate()
  }

  async #validate(): Promise<void> {
    if (this.#validation.length > 0) await this.#evaluation().run()
  }

  #mustStop(): boolean | Promise<boolean> {
    const { strategy, options, platform } = this.#run
    if (options.maxTime !== Infinity && platform.now() - this.#started >= options.maxTime) {
      this.#run.requestStop('maxTime', `maxTime is over.`)
    }
    const own = this.#run.stopRequest
    const agreed = strategy.agree(own ? { stop: own.reason, message: own.message } : {})
    return agreed instanceof Promise ? agreed.then((decision) => this.#apply(decision)) : this.#apply(agreed)
  }

  #apply(decision: { stop?: string | undefined; message?: unknown }): boolean {
    if (!decision.stop) return false
    this.#run.requestStop(decision.stop, typeof decision.message === 'string' ? decision.message : '')
    if (this.#mayStop()) return true
    this.#run.withdrawStop()
    return false
  }
}
