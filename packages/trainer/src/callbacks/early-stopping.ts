import {
  anyNumber,
  type Callback,
  countFrom,
  definePlugin,
  type EpochRunContext,
  flag,
  numberFrom,
  oneOf,
  optionsSchema,
  type RunContext,
  type RunKind,
  text,
} from '@levin/core'
import { isBetter, Monitor, type MonitorMode } from './monitor.js'
import { NotInFastDevRun } from './roles.js'

export interface EarlyStoppingOptions {
  /** The logged metric to watch. */
  readonly monitor: string
  /** Whether less or more of it is better. Default `'min'`. */
  readonly mode?: MonitorMode
  /** Least change that counts as an improvement. Default 0. */
  readonly minDelta?: number
  /** Checks without improvement before the run stops. Each new value of the metric is one check. Default 3. */
  readonly patience?: number
  /** Whether a metric that nobody logs is an error. Default `true`. */
  readonly strict?: boolean
  /** Stop when the metric becomes NaN or infinite. Default `true`. */
  readonly checkFinite?: boolean
  /** Stop as soon as the metric is at least this good. Default: never. */
  readonly stoppingThreshold?: number
  /** Stop as soon as the metric is worse than this. Default: never. */
  readonly divergenceThreshold?: number
}

const schema = /* @__PURE__ */ optionsSchema<EarlyStoppingOptions>(
  {
    monitor: text('the name of a metric'),
    mode: oneOf('min', 'max'),
    minDelta: numberFrom(0),
    patience: countFrom(0),
    strict: flag,
    checkFinite: flag,
    stoppingThreshold: anyNumber,
    divergenceThreshold: anyNumber,
  },
  ['monitor'],
)

/** Ends a run when a metric has stopped getting better (Prechelt 1998). */
export class EarlyStopping extends NotInFastDevRun implements Callback {
  readonly name = 'earlyStopping'
  readonly order = 'last'
  readonly stateKey: string
  readonly monitor: string
  readonly #options: Required<Omit<EarlyStoppingOptions, 'monitor' | 'stoppingThreshold' | 'divergenceThreshold'>> &
    EarlyStoppingOptions
  #watched: Monitor
  #waitCount = 0
  #bestScore = Number.NaN
  #stoppedEpoch: number | undefined
  #validated = false

  constructor(options: EarlyStoppingOptions) {
    super()
    this.#options = { mode: 'min', minDelta: 0, patience: 3, strict: true, checkFinite: true, ...options }
    this.monitor = options.monitor
    this.stateKey = `earlyStopping(${options.monitor}, ${this.#options.mode})`
    this.#watched = new Monitor(options.monitor)
  }

  /** Best value so far; NaN before the first. */
  get bestScore(): number {
    return this.#bestScore
  }

  /** Checks since the last improvement. */
  get waitCount(): number {
    return this.#waitCount
  }

  /** The epoch in which it stopped the run. */
  get stoppedEpoch(): number | undefined {
    return this.#stoppedEpoch
  }

  // Each fit is judged by itself.
  setup(kind: RunKind): void {
    if (kind !== 'fit') return
    this.#watched = new Monitor(this.monitor)
    this.#waitCount = 0
    this.#bestScore = Number.NaN
    this.#stoppedEpoch = undefined
    this.#validated = false
  }

  async onValidationEnd(run: RunContext): Promise<void> {
    if (run.phase === 'sanityCheck') return
    this.#validated = true
    await this.#check(run)
  }

  async onTrainEpochEnd(run: EpochRunContext): Promise<void> {
    await this.#check(run)
    if (this.#validated || !run.limits.hasValidation) this.#requireMetric(run)
  }

  onTrainEnd(run: RunContext): void {
    if (!run.stopping) this.#requireMetric(run)
  }

  #requireMetric(run: RunContext): void {
    if (this.#options.strict) this.#watched.requireLogged(run, 'earlyStopping')
  }

  async #check(run: RunContext): Promise<void> {
    const value = await this.#watched.fresh(run)
    if (value === undefined) return
    const { mode, checkFinite, stoppingThreshold, divergenceThreshold } = this.#options
    if (checkFinite && !Number.isFinite(value))
      return this.#stop(run, 'nonFiniteMetric', `'${this.monitor}' became ${value}`)
    if (stoppingThreshold !== undefined && !isBetter(stoppingThreshold, value, mode)) {
      return this.#stop(run, 'earlyStopping', `'${this.monitor}' reached ${value}`)
    }
    if (divergenceThreshold !== undefined && isBetter(divergenceThreshold, value, mode)) {
      return this.#stop(run, 'earlyStopping', `'${this.monitor}' diverged to ${value}`)
    }
    this.#count(run, value)
  }

  #count(run: RunContext, value: number): void {
    const { mode, minDelta, patience } = this.#options
    if (isBetter(value, this.#bestScore, mode, minDelta)) {
      this.#bestScore = value
      this.#waitCount = 0
      return
    }
    this.#waitCount++
    if (this.#waitCount < patience) return
    this.#stop(
      run,
      'earlyStopping',
      `'${this.monitor}' has not got better than ${this.#bestScore} for ${this.#waitCount} checks`,
    )
  }

  #stop(run: RunContext, reason: 'earlyStopping' | 'nonFiniteMetric', message: string): void {
    this.#stoppedEpoch = run.clock.epoch
    run.requestStop(reason, message)
    run.announce(`Stopping: ${message}.`)
  }

  state() {
    return {
      waitCount: this.#waitCount,
      bestScore: Number.isNaN(this.#bestScore) ? null : this.#bestScore,
      stoppedEpoch: this.#stoppedEpoch ?? null,
    }
  }

  loadState(state: Readonly<Record<string, unknown>>): void {
    const { waitCount, bestScore, stoppedEpoch } = state as {
      waitCount: number
      bestScore: number | null
      stoppedEpoch: number | null
    }
    this.#waitCount = waitCount
    this.#bestScore = bestScore ?? Number.NaN
    this.#stoppedEpoch = stoppedEpoch ?? undefined
  }
}

/** Ends a run when a metric has stopped getting better. */
export const earlyStopping = /* @__PURE__ */ definePlugin({
  kind: 'callback',
  name: 'earlyStopping',
  apiVersion: 1,
  schema,
  create: (options: EarlyStoppingOptions) => new EarlyStopping(options),
})
