import type { Loader, ScalarSink } from '@levin/core'
import { BatchSource, wasRead } from '../batches/batch-source.js'
import { stagedBatches } from '../batches/staged-batches.js'
import type { LogStore } from '../logging/log-store.js'
import type { Run } from '../run/run.js'
import { observeMetrics } from '../run/schedules.js'
import type { SharedTrigger } from '../run/shared-trigger.js'
import { emptyLoader } from './evaluation-loop.js'
import { EpochWindows, type WindowListener } from './training-window.js'

/** What a fit gives its epochs to work with. */
export interface EpochServices {
  readonly sink: ScalarSink
  readonly logs: LogStore
  readonly logTrigger: SharedTrigger
  /** Called after each optimizer step, once its hooks and logs are done. */
  afterStep(): void | Promise<void>
  /** Whether the run must end at this window boundary, agreed by all ranks. */
  mustStop(): boolean | Promise<boolean>
}

interface PlaceInEpoch {
  readonly limit: number
  readonly skip: number
  readonly resumed: boolean
}

/** One training epoch: windows until the data, the limits or somebody ends it. */
export class TrainingEpoch implements WindowListener {
  readonly #run: Run
  readonly #services: EpochServices
  /** The windows of the running epoch. */
  #open: EpochWindows | undefined
  #pending = false
  /** Whether the row of the step at hand was written. */
  #logged = false

  constructor(run: Run, services: EpochServices) {
    this.#run = run
    this.#services = services
  }

  /**
   * @param place.limit batches of the epoch that remain
   * @param place.skip batches that were trained on before the run was resumed, and that the loader will yield again
   * @param place.resumed whether some of the epoch was trained on before, perhaps all of it
   * @returns whether the epoch ran to its end, rather than being cut short by a stop or a limit on steps
   */
  async run(loader: Loader, { limit, skip, resumed }: PlaceInEpoch): Promise<boolean> {
    const manual = this.#run.module.automaticOptimization
      ? undefined
      : (await import('./manual-optimization.js')).ManualOptimization
    const source = await new BatchSource(loader, limit, stagedBatches(this.#run)).start(skip)
    if (!source.hasNext && !resumed) throw emptyLoader('training', 0, 1, wasRead(loader))
    const { logs, sink } = this.#services
    const windows = new EpochWindows(this.#run, source, { logs, sink, listener: this, manual })
    this.#open = windows
    try {
      return await this.#windows(windows)
    } catch (error) {
      windows.abandon()
      throw error
    } finally {
      await source.close()
    }
  }

  async #windows(windows: EpochWindows): Promise<boolean> {
    const { strategy, module, options, clock, turns } = this.#run
    while (windows.hasNext) {
      if (clock.globalStep >= options.maxSteps) break
      const window = windows.begin()
      if (module.automaticOptimization) await strategy.step(window)
      else await strategy.manualStep?.(window)
      // First, so that an abort or a signal that waits counts at this boundary.
      const turn = turns.take()
      if (turn) await turn
      const stop = this.#services.mustStop()
      if (typeof stop === 'boolean' ? stop : await stop) break
    }
    await windows.checkLoss()
    return windows.ended()
  }

  /** Whether hooks of a step's end are running. */
  get isPending(): boolean {
    return this.#pending
  }

  stepEnding(): void {
    this.#pending = true
    this.#logged = false
  }

  /** Logs the step at hand before its hooks are through. */
  async settle(): Promise<void> {
    if (this.#pending) await this.#logIfDue()
  }

  stepEnded(): void | Promise<void> {
    this.#pending = false
    const logging = this.#logIfDue()
    const feedback = this.#run.optimizers.some(
      ({ schedule, interval }) => schedule?.kind === 'feedback' && interval === 'step',
    )
    if (!logging && !feedback) return this.#services.afterStep()
    return this.#finishStep(logging, feedback)
  }

  /** What was still to come after a step when its checkpoint was saved; the row was logged with it. */
  resumeStep(): void | Promise<void> {
    this.#logged = true
    return this.stepEnded()
  }

  #logIfDue(): Promise<void> | undefined {
    if (this.#logged) return undefined
    const fires = this.#services.logTrigger.fires(this.#run, 'step')
    if (typeof fires !== 'boolean') return fires.then((agreed) => this.#logIf(agreed))
    return this.#logIf(fires)
  }

  #logIf(due: boolean): Promise<void> | undefined {
    if (!due) return undefined
    this.#logged = true
    return this.logStep()
  }

  async #finishStep(logging: Promise<void> | undefined, feedback: boolean): Promise<void> {
    await logging
    if (feedback) await observeMetrics(this.#run, 'step')
    await this.#services.afterStep()
  }

  /** Hands the newest values of single steps to the loggers. */
  async logStep(): Promise<void> {
    const values = await this.#services.logs.readStep()
    await this.#open?.checkLoss()
    await this.#run.takeSteps(values)
    this.#run.logRow(values)
  }
}
