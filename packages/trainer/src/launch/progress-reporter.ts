import type { Callback, RunContext } from '@levin/core'
import type { OnRunEvent } from './run-events.js'

/** Milliseconds between two reports: what a person sees as moving. */
const INTERVAL = 100

/** Tells whoever started the run where it is. */
export class ProgressReporter implements Callback {
  readonly name = 'progressReporter'
  readonly order = 'last'
  readonly #report: OnRunEvent
  #last = -Infinity

  constructor(report: OnRunEvent) {
    this.#report = report
  }

  onTrainBatchEnd(_output: unknown, _batch: unknown, _index: number, run: RunContext): void {
    this.#now(run)
  }

  onValidationBatchEnd(_batch: unknown, _index: number, run: RunContext): void {
    this.#now(run)
  }

  onTestBatchEnd(_batch: unknown, _index: number, run: RunContext): void {
    this.#now(run)
  }

  onPredictBatchEnd(_prediction: unknown, _batch: unknown, _index: number, run: RunContext): void {
    this.#now(run)
  }

  onValidationEnd(run: RunContext): void {
    this.#send(run)
  }

  onTestEnd(run: RunContext): void {
    this.#send(run)
  }

  onTrainEpochEnd(run: RunContext): void {
    this.#send(run)
  }

  onTrainEnd(run: RunContext): void {
    this.#send(run)
  }

  #now(run: RunContext): void {
    if (run.platform.now() - this.#last >= INTERVAL) this.#send(run)
  }

  #send({ platform, phase, clock, limits, metrics }: RunContext): void {
    this.#last = platform.now()
    this.#report({ type: 'progress', phase, clock: { ...clock }, limits, metrics: { ...metrics } })
  }
}
