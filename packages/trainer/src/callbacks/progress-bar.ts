import {
  type Callback,
  definePlugin,
  type EpochRunContext,
  flag,
  type LiveLine,
  numberFrom,
  optionsSchema,
  type RunContext,
  type RunKind,
  type Terminal,
} from '@levin/core'
import { formatDuration, formatMetrics, Rate, renderBar } from './progress-line.js'

export interface ProgressBarOptions {
  /** Milliseconds between two drawings. Default 100 on a terminal; elsewhere a line is written every 10 seconds. */
  readonly refreshRate?: number
  /** Keep the bar of each epoch on the screen. Default `true`. */
  readonly leave?: boolean
}

const PLAIN_REFRESH = 10_000
// Milliseconds between the last lines of two epochs.
const PLAIN_END = 1000

/**
 * Shows where a run is: batches, rate, remaining time, and the metrics that were read last. It never reads a metric
 * itself. Where the output is no terminal it writes plain lines, rarely.
 */
export class ProgressBar implements Callback, LiveLine {
  readonly name = 'progressBar'
  readonly order = 'last'
  readonly #options: ProgressBarOptions
  readonly #rate = new Rate()
  #terminal: Terminal | undefined
  #run: RunContext | undefined
  #refresh = 100
  #drawn = 0
  #ended = -Infinity
  #pending: string | undefined
  #done = 0
  #total: number | undefined
  #label = ''
  #visible = false

  constructor(options: ProgressBarOptions = {}) {
    this.#options = options
  }

  setup(_kind: RunKind, run: RunContext): void {
    if (!run.isGlobalZero || !run.platform.terminal) return
    this.#terminal = run.platform.terminal
    this.#run = run
    this.#refresh = this.#terminal.interactive
      ? (this.#options.refreshRate ?? 100)
      : Math.max(this.#options.refreshRate ?? 0, PLAIN_REFRESH)
    if (this.#terminal.interactive) run.occupyLine(this)
  }

  onTrainEpochStart(run: EpochRunContext): void {
    const { maxEpochs } = run.limits
    const of = Number.isFinite(maxEpochs) ? `/${maxEpochs}` : ''
    this.#begin(`epoch ${run.clock.epoch + 1}${of}`, run.limits.trainBatches, run.clock.batchIndex)
  }

  onTrainBatchEnd(_output: unknown, _batch: unknown, batchIndex: number): void {
    this.#advance(batchIndex + 1)
  }

  onTrainEpochEnd(): void {
    this.#end()
  }

  onSanityCheckStart(): void {
    this.#begin('sanity check', undefined, 0)
  }

  onSanityCheckEnd(): void {
    this.#hide()
  }

  onTestStart(): void {
    this.#begin('test', this.#evaluationTotal(), 0)
  }

  onTestBatchEnd(): void {
    this.#advance(this.#done + 1)
  }

  onTestEnd(): void {
    this.#end()
  }

  onPredictStart(): void {
    this.#begin('predict', this.#evaluationTotal(), 0)
  }

  onPredictBatchEnd(): void {
    this.#advance(this.#done + 1)
  }

  onPredictEnd(): void {
    this.#end()
  }

  onValidationStart(run: EpochRunContext): void {
    // Within a fit the bar stays that of the epoch.
    if (run.kind === 'validate') this.#begin('validate', this.#evaluationTotal(), 0)
  }

  onValidationBatchEnd(_batch: unknown, _index: number, run: RunContext): void {
    if (run.kind === 'validate') this.#advance(this.#done + 1)
  }

  onValidationEnd(run: RunContext): void {
    if (run.kind === 'validate') this.#end()
  }

  onException(): void {
    this.#hide()
  }

  onTrainEnd(run: RunContext): void {
    this.#writePending(run.platform.now())
  }

  teardown(): void {
    this.#writePending(this.#run?.platform.now() ?? 0)
    this.#hide()
    this.#run?.occupyLine(undefined)
    this.#run = undefined
  }

  #evaluationTotal(): number | undefined {
    const counts = this.#run?.limits.evaluationBatches ?? []
    return counts.every((count) => count !== undefined)
      ? counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
      : undefined
  }

  #begin(label: string, total: number | undefined, done: number): void {
    this.#label = label
    this.#total = total
    this.#done = done
    const now = this.#run?.platform.now() ?? 0
    this.#rate.start(now, done)
    // Plain lines begin after a while: a short epoch needs only its last one.
    this.#drawn = this.#terminal?.interactive ? 0 : now
    if (this.#terminal?.interactive) this.#draw(now)
  }

  #advance(done: number): void {
    this.#done = done
    if (!this.#run) return
    const now = this.#run.platform.now()
    if (now - this.#drawn >= this.#refresh) this.#draw(now)
  }

  #end(): void {
    if (!this.#run || !this.#terminal) return
    const now = this.#run.platform.now()
    if (this.#terminal.interactive) this.#endLive(now)
    else this.#endPlain(now)
  }

  #endLive(now: number): void {
    this.#draw(now, true)
    if (this.#options.leave === false) this.#hide()
    else this.#terminal?.write('\n')
    this.#visible = false
  }

  // Hundreds of short epochs would fill a log file: what comes too soon waits, and only the last of it is written.
  #endPlain(now: number): void {
    this.#pending = this.#line(now, true)
    if (now - this.#ended >= PLAIN_END) this.#writePending(now)
  }

  #writePending(now: number): void {
    if (this.#pending === undefined) return
    this.#terminal?.write(`${this.#pending}\n`)
    this.#pending = undefined
    this.#ended = now
  }

  #draw(now: number, last = false): void {
    if (!this.#terminal || !this.#run) return
    this.#drawn = now
    const line = this.#line(now, last)
    this.#terminal.write(this.#terminal.interactive ? `\r\u001b[2K${line}` : `${line}\n`)
    this.#visible = this.#terminal.interactive
  }

  #line(now: number, last: boolean): string {
    const rate = this.#rate.perSecond(now, this.#done)
    const remaining = this.#total === undefined || rate === 0 ? undefined : (this.#total - this.#done) / rate
    const elapsed = formatDuration(this.#rate.elapsed(now) / 1000)
    const time = last || remaining === undefined ? elapsed : `${elapsed} < ${formatDuration(remaining)}`
    const parts = [
      this.#label,
      ...(this.#terminal?.interactive && this.#total !== undefined
        ? [renderBar(this.#done / Math.max(1, this.#total))]
        : []),
      this.#total === undefined ? `${this.#done}` : `${this.#done}/${this.#total}`,
      time,
      ...(rate > 0 ? [`${rate < 10 ? rate.toFixed(2) : rate.toFixed(0)} batches/s`] : []),
      formatMetrics(this.#run?.progressBarMetrics ?? {}),
    ]
    const line = parts.filter(Boolean).join('  ')
    const columns = this.#terminal?.interactive ? this.#terminal.columns() - 1 : Infinity
    return line.length > columns ? `${line.slice(0, columns - 1)}…` : line
  }

  #hide(): void {
    if (this.#visible) this.#terminal?.write('\r\u001b[2K')
    this.#visible = false
  }

  clear(): void {
    this.#hide()
  }

  redraw(): void {
    if (this.#run && this.#rate.running) this.#draw(this.#run.platform.now())
  }
}

/** Shows where a run is: batches, rate, remaining time, last metrics. */
export const progressBar = /* @__PURE__ */ definePlugin({
  kind: 'callback',
  name: 'progressBar',
  apiVersion: 1,
  schema: optionsSchema<ProgressBarOptions>({ refreshRate: numberFrom(0), leave: flag }),
  create: (options: ProgressBarOptions) => new ProgressBar(options),
})
