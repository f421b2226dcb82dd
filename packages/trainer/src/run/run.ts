import {
  type Accelerator,
  type CheckpointIO,
  type DataModule,
  LevinError,
  type LiveLine,
  type Logger,
  type Module,
  type MutableClock,
  type Platform,
  type RunContext,
  type RunKind,
  type RunLimits,
  type RunPhase,
  type SaveOptions,
  type ScalarSink,
  type StopReason,
  type Strategy,
  startOfRun,
} from '@levin/core'
import { checkpointCode } from '../checkpoints/load.js'
import type { HookLists } from '../hook-lists.js'
import type { OnRunEvent } from '../launch/run-events.js'
import type { LoggedValue } from '../logging/log-store.js'
import type { ResolvedOptions } from '../resolve-options.js'
import { onRankZero } from './agreement.js'
import { Announcer } from './announcer.js'
import type { ConfiguredOptimizer } from './configured-optimizer.js'
import { Turns } from './turns.js'

export interface StopRequest {
  readonly reason: StopReason
  readonly message: string
}

/** What the parts of a run work with, besides the context that hooks see. */
export interface RunParts {
  readonly kind: RunKind
  readonly module: Module
  readonly data: DataModule | undefined
  readonly accelerator: Accelerator
  readonly strategy: Strategy
  readonly checkpointIO: CheckpointIO
  readonly loggers: readonly Logger[]
  readonly platform: Platform
  readonly options: ResolvedOptions
  readonly report: OnRunEvent | undefined
  /** Where the run notes the checkpoints that it saves, newest first. */
  readonly saved: string[]
}

/** Saves and removes checkpoints; handed in, since what a checkpoint holds is known to the whole fit only. */
export interface CheckpointService {
  save(location: string, options: SaveOptions & { readonly weightsOnly: boolean }): Promise<void>
}

/**
 * One run: what is going on, where the clock stands, what was read. The context of every hook, and the one place where
 * a run's state lives.
 */
export class Run implements RunContext {
  readonly kind: RunKind
  readonly module: Module
  readonly data: DataModule | undefined
  readonly accelerator: Accelerator
  readonly strategy: Strategy
  readonly checkpointIO: CheckpointIO
  readonly loggers: readonly Logger[]
  readonly platform: Platform
  readonly options: ResolvedOptions
  readonly announcer: Announcer
  readonly turns: Turns
  readonly clock: MutableClock = startOfRun()
  readonly metrics: Record<string, number> = {}
  readonly metricReads: Record<string, number> = {}
  readonly progressBarMetrics: Record<string, number> = {}
  phase: RunPhase = 'train'
  dataloaderIndex = 0
  /** Samples of the batch at hand, which weight what its hooks log; 1 where there is none. */
  batchSamples = 1
  optimizers: readonly ConfiguredOptimizer[] = []
  limits: RunLimits = {
    maxEpochs: Infinity,
    maxSteps: Infinity,
    trainBatches: undefined,
    evaluationBatches: [],
    accumulateGradientBatches: 1,
    hasValidation: false,
  }
  hooks!: HookLists
  /** Whether the hooks of some rank are asked before each batch if the epoch goes on. */
  asksAtBatchStart = false
  checkpoints: CheckpointService | undefined
  /** Brings what was logged into {@link metrics}; set by the running loop. */
  reader: (() => void | Promise<void>) | undefined
  #askedStop: StopRequest | undefined
  #agreedStop: StopRequest | undefined
  #folder: string | undefined
  readonly #report: OnRunEvent | undefined
  readonly #saved: string[]
  readonly #sinks: ScalarSink[] = []
  readonly #released: (() => void)[] = []

  constructor(parts: RunParts) {
    this.kind = parts.kind
    this.module = parts.module
    this.data = parts.data
    this.accelerator = parts.accelerator
    this.strategy = parts.strategy
    this.checkpointIO = parts.checkpointIO
    this.loggers = parts.loggers
    this.platform = parts.platform
    this.options = parts.options
    this.#saved = parts.saved
    this.#report = this.isGlobalZero ? parts.report : undefined
    this.announcer = new Announcer(parts.platform, this.strategy.rank.globalRank === 0)
    this.turns = new Turns(parts.platform)
  }

  get rank() {
    return this.strategy.rank
  }

  get isGlobalZero(): boolean {
    return this.strategy.rank.globalRank === 0
  }

  get runFolder(): string {
    return this.#folder ?? this.#ownFolder
  }

  get #ownFolder(): string {
    return this.loggers.find((logger) => logger.logDir)?.logDir ?? this.options.defaultRootDir
  }

  /** All ranks write where the loggers of global rank zero do; theirs are not set up. */
  async settleFolder(): Promise<void> {
    if (this.rank.worldSize > 1) this.#folder = await this.strategy.broadcast(this.#ownFolder)
  }

  /** What was asked for on this rank. */
  get askedStop(): StopRequest | undefined {
    return this.#askedStop
  }

  /** Why the run ends. Of several ranks none ends by itself: it counts once all have agreed. */
  get stopRequest(): StopRequest | undefined {
    return this.rank.worldSize === 1 ? (this.#agreedStop ?? this.#askedStop) : this.#agreedStop
  }

  get stopping(): boolean {
    return this.stopRequest !== undefined
  }

  /** A sink that lives as long as the run. */
  createSink(): ScalarSink {
    const sink = this.accelerator.createScalarSink()
    this.#sinks.push(sink)
    return sink
  }

  /** Something to free when the run ends, however it ends. */
  onRelease(free: () => void): void {
    this.#released.push(free)
  }

  release(): void {
    for (const sink of this.#sinks.splice(0)) sink.dispose()
    for (const free of this.#released.splice(0)) free()
  }

  requestStop(reason: StopReason, message = ''): void {
    this.#askedStop ??= { reason, message }
  }

  /** A stop that came too early, before the minimum of epochs or steps. */
  withdrawStop(): void {
    this.#askedStop = undefined
  }

  /** The stop that all ranks agreed on, whatever this one had asked for. */
  adoptStop(request: StopRequest): void {
    this.#agreedStop = request
  }

  readMetrics(): void | Promise<void> {
    return this.reader?.()
  }

  /** Takes values that were read. */
  take(values: readonly LoggedValue[]): void {
    for (const { name, plainName, value, progressBar, fresh } of values) {
      this.#set(name, value, fresh)
      // The plain name stands for the newest value, whichever of the two forms it was read in.
      if (plainName !== name) this.#set(plainName, value, fresh)
      if (progressBar) this.progressBarMetrics[plainName] = value
    }
  }

  /**
   * Takes values of single steps, which each rank reads of its own. Those of global rank zero count on all of them, so that whoever
   * decides by them decides alike. All ranks take part.
   */
  takeSteps(values: readonly LoggedValue[]): void | Promise<void> {
    if (this.isGlobalZero) this.take(values)
    if (this.rank.worldSize > 1) return this.shareMetrics()
    return undefined
  }

  /** Gives all ranks the metrics of global rank zero. */
  async shareMetrics(): Promise<void> {
    const { metrics, metricReads, isGlobalZero } = this
    const shared = await this.strategy.broadcast(isGlobalZero ? { metrics, metricReads } : undefined)
    if (isGlobalZero || !shared) return
    for (const own of ['metrics', 'metricReads'] as const) {
      for (const name of Object.keys(this[own])) if (!(name in shared[own])) delete this[own][name]
      Object.assign(this[own], shared[own])
    }
  }

  #set(name: string, value: number, fresh: boolean): void {
    this.metrics[name] = value
    this.metricReads[name] = (this.metricReads[name] ?? 0) + (fresh ? 1 : 0)
  }

  /** Hands a row to every logger. */
  logRow(values: readonly LoggedValue[]): void {
    const loggers = this.isGlobalZero ? this.loggers : []
    const rows = loggers.length || this.#report ? values.filter(({ logger }) => logger) : []
    if (!rows.length) return
    const metrics = Object.fromEntries(rows.map(({ name, value }) => [name, value]))
    const { globalStep, epoch } = this.clock
    for (const logger of loggers) logger.logMetrics(metrics, { globalStep, epoch })
    this.#report?.({ type: 'log', metrics, globalStep, epoch })
  }

  async saveCheckpoint(
    location: string,
    { weightsOnly = false, ...options }: SaveOptions & { weightsOnly?: boolean } = {},
  ): Promise<void> {
    if (!this.checkpoints) {
      throw new LevinError('LEVIN_NOT_SUPPORTED', {
        message: `A checkpoint cannot be saved in ${this.kind}().`,
        remedy: 'Save it during fit().',
      })
    }
    await this.strategy.synchronise?.()
    await this.checkpoints.save(location, { weightsOnly, ...options })
    if (weightsOnly) return
    this.#saved.unshift(location)
    this.#report?.({ type: 'checkpoint', location, globalStep: this.clock.globalStep })
  }

  removeCheckpoint(location: string): Promise<void> {
    return onRankZero(this.strategy, () => this.checkpointIO.remove(location))
  }

  pointCheckpoint(folder: string, name: string, location: string): Promise<void> {
    return onRankZero(this.strategy, () => this.checkpointIO.point(folder, name, location))
  }

  checkpointExists(location: string): Promise<boolean> {
    return onRankZero(this.strategy, () => this.checkpointIO.exists(location))
  }

  async prepareCheckpoints(folder: string): Promise<void> {
    const { requireStorable } = await checkpointCode()
    requireStorable(this)
    await onRankZero(this.strategy, () => this.checkpointIO.prepare(folder))
  }

  broadcast<T>(value: T): T | Promise<T> {
    return this.strategy.broadcast(value)
  }

  announce(message: string, level: 'info' | 'warning' = 'info'): void {
    this.announcer.say(message, level)
  }

  occupyLine(line: LiveLine | undefined): void {
    this.announcer.live = line
  }
}
