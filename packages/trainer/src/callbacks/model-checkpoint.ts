import {
  type Callback,
  countFrom,
  definePlugin,
  type EpochRunContext,
  everyEpochs,
  firesAtSteps,
  flag,
  LevinError,
  oneOf,
  optionsSchema,
  type RunContext,
  type RunKind,
  type StepRunContext,
  type TrainBatchOutput,
  type Trigger,
  text,
} from '@levin/core'
import { SharedTrigger } from '../run/shared-trigger.js'
import { checkpointName } from './checkpoint-name.js'
import { isBetter, Monitor, type MonitorMode } from './monitor.js'
import { type CheckpointFinder, CheckpointKeeper } from './roles.js'

export interface ModelCheckpointOptions {
  /** Folder. Default: `checkpoints` in the run's folder. */
  readonly dirpath?: string
  /** Name with `{epoch}`, `{step}` and metrics, as `{val/loss:.2f}`. Default `'{epoch}-{step}'`. */
  readonly filename?: string
  /** The logged metric that says which are the best. Default: none, the newest is the best. */
  readonly monitor?: string
  /** Default `'min'`. */
  readonly mode?: MonitorMode
  /** How many of the best to keep. -1: all; 0: none. Default 1. */
  readonly saveTopK?: number
  /** Keep the newest too, and point `last` at it. Default `true`. */
  readonly saveLast?: boolean
  /** When to save. Default `everyEpochs(1)`. */
  readonly every?: Trigger
  /** Leave out optimizer and loops: smaller, and nothing to resume from. Default `false`. */
  readonly saveWeightsOnly?: boolean
  /** Write `epoch=` before values in names. Default `true`. */
  readonly autoInsertMetricName?: boolean
  /** Say each save. Default `false`. */
  readonly verbose?: boolean
}

const schema = /* @__PURE__ */ optionsSchema<ModelCheckpointOptions>({
  dirpath: text('the path of a folder'),
  filename: text('a name'),
  monitor: text('the name of a metric'),
  mode: oneOf('min', 'max'),
  saveTopK: countFrom(-1),
  saveLast: flag,
  every: {
    expected: 'a trigger such as everyEpochs(1)',
    accepts: (value) => typeof value === 'object' && value !== null && 'kind' in value,
  },
  saveWeightsOnly: flag,
  autoInsertMetricName: flag,
  verbose: flag,
})

interface Saved {
  readonly path: string
  readonly score: number
}

const monitorOf = ({ monitor }: ModelCheckpointOptions): Monitor | undefined =>
  monitor === undefined ? undefined : new Monitor(monitor)

type Settings = Required<Omit<ModelCheckpointOptions, 'dirpath' | 'monitor'>> & ModelCheckpointOptions

/** Saves the run from time to time, and keeps the best checkpoints and the newest. */
export class ModelCheckpoint extends CheckpointKeeper implements Callback {
  readonly name = 'modelCheckpoint'
  readonly order = 'last'
  readonly stateKey: string
  readonly monitor: string | undefined
  readonly #options: Settings
  #watched: Monitor | undefined
  #trigger: SharedTrigger | undefined
  #saved: Saved[] = []
  #lastPath: string | undefined
  #lastStep = -1
  /** The step for which the trigger was asked. */
  #lastAsked = 0
  #deferred = false
  #validated = false
  /** What the fit before this one came to, for a run that goes on from there. */
  #earlier: { readonly best: string | undefined; readonly last: string | undefined } | undefined

  constructor(options: ModelCheckpointOptions = {}) {
    super()
    this.#options = {
      filename: '{epoch}-{step}',
      mode: 'min',
      saveTopK: 1,
      saveLast: true,
      every: everyEpochs(1),
      saveWeightsOnly: false,
      autoInsertMetricName: true,
      verbose: false,
      ...options,
    }
    this.monitor = options.monitor
    this.#watched = monitorOf(options)
    this.stateKey = `modelCheckpoint(${options.monitor ?? ''}, ${this.#options.mode}, ${JSON.stringify(this.#options.every)})`
  }

  /** The best so far by the monitored metric; without one, the newest. */
  get bestModelPath(): string | undefined {
    return this.#saved[0]?.path ?? this.#lastPath
  }

  get bestModelScore(): number | undefined {
    return this.#watched && this.#saved[0]?.score
  }

  /** Scores by path, the best first. */
  get bestKModels(): ReadonlyMap<string, number> {
    return new Map(this.#saved.map(({ path, score }) => [path, score]))
  }

  get lastModelPath(): string | undefined {
    return this.#lastPath
  }

  /**
   * The checkpoint that `'best'` or `'last'` names: of the fit that this object saw last, or of an earlier program that
   * saved to the same folder.
   */
  async find(which: 'best' | 'last', run: CheckpointFinder): Promise<string | undefined> {
    const own = which === 'best' ? this.bestModelPath : this.lastModelPath
    return own ?? this.#earlier?.[which] ?? run.checkpointIO.resolve(this.#folder(run), which)
  }

  async setup(kind: RunKind, run: RunContext): Promise<void> {
    if (kind !== 'fit') return
    this.#begin()
    this.#trigger = new SharedTrigger(this.#options.every, run)
    // Found out now and not after an hour of training.
    await run.prepareCheckpoints(this.#folder(run))
  }

  // Each fit has its own best: what another one saved is neither compared with nor removed.
  #begin(): void {
    if (this.#lastPath) this.#earlier = { best: this.bestModelPath, last: this.#lastPath }
    this.#watched = monitorOf(this.#options)
    this.#saved = []
    this.#lastPath = undefined
    this.#lastStep = -1
    this.#lastAsked = 0
    this.#deferred = false
    this.#validated = false
  }

  async onTrainBatchEnd(
    _output: TrainBatchOutput,
    _batch: unknown,
    _index: number,
    run: StepRunContext,
  ): Promise<void> {
    const { globalStep } = run.clock
    if (globalStep === this.#lastAsked || !firesAtSteps(this.#options.every)) return
    this.#lastAsked = globalStep
    if (!(await this.#trigger?.fires(run, 'step'))) return
    if (this.#watched && (await this.#watched.latest(run)) === undefined) this.#deferred = true
    else await this.#save(run)
  }

  async onValidationEnd(run: RunContext): Promise<void> {
    if (run.phase === 'sanityCheck') return
    this.#validated = true
    if (!this.#deferred) return
    this.#deferred = false
    await this.#save(run)
  }

  async onTrainEpochEnd(run: EpochRunContext): Promise<void> {
    if (await this.#trigger?.fires(run, 'epoch')) await this.#save(run)
  }

  async onTrainEnd(run: RunContext): Promise<void> {
    if (await this.#trigger?.fires(run, 'end')) await this.#save(run)
    if (!run.stopping) this.#watched?.requireLogged(run, 'modelCheckpoint')
  }

  #folder(run: RunContext): string {
    return this.#options.dirpath ?? `${run.runFolder}/checkpoints`
  }

  async #save(run: RunContext): Promise<void> {
    if (run.clock.globalStep === this.#lastStep) return
    const score = await this.#score(run)
    if (!this.#isKept(score) && !this.#options.saveLast) return
    while (!(await this.#saveAs(await this.#freePath(run), score, run)));
  }

  /** Gives `false` where another run has taken the name in between. */
  async #saveAs(path: string, score: number, run: RunContext): Promise<boolean> {
    const { saveTopK, saveLast, saveWeightsOnly, verbose } = this.#options
    const kept = this.#isKept(score)
    const previousLast = this.#lastPath
    const previousBest = this.bestModelPath
    const before = { saved: this.#saved, last: this.#lastPath, step: this.#lastStep }
    // What the checkpoint says of itself must include itself.
    if (kept) this.#saved = this.#ranked({ path, score }).slice(0, saveTopK === -1 ? undefined : saveTopK)
    this.#lastPath = path
    this.#lastStep = run.clock.globalStep
    try {
      await run.saveCheckpoint(path, { weightsOnly: saveWeightsOnly, replace: false })
    } catch (error) {
      this.#saved = before.saved
      this.#lastPath = before.last
      this.#lastStep = before.step
      if (LevinError.isInstance(error, 'LEVIN_CHECKPOINT_EXISTS')) return false
      throw error
    }
    if (saveLast) await run.pointCheckpoint(this.#folder(run), 'last', path)
    const best = this.bestModelPath
    if (best !== undefined && best !== previousBest) await run.pointCheckpoint(this.#folder(run), 'best', best)
    await this.#removeDropped(run, [...before.saved.map((saved) => saved.path), previousLast])
    if (verbose) run.announce(`Saved ${path}${this.#watched ? ` (${this.monitor} ${score})` : ''}.`)
    return true
  }

  /**
   * A template may give the same name again, and an earlier run may have saved to the same folder: what is kept must not
   * be overwritten. As in Lightning: `best-v1`.
   */
  async #freePath(run: RunContext): Promise<string> {
    const { filename, autoInsertMetricName } = this.#options
    const path = `${this.#folder(run)}/${checkpointName(filename, run, autoInsertMetricName)}`
    let free = path
    for (let version = 1; await run.checkpointExists(free); version++) free = `${path}-v${version}`
    // Names hold metrics, and where one was asked for is where all save.
    return run.broadcast(free)
  }

  async #score(run: RunContext): Promise<number> {
    if (!this.#watched) return run.clock.globalStep
    const value = await this.#watched.latest(run)
    if (value === undefined && (this.#validated || !run.limits.hasValidation))
      this.#watched.requireLogged(run, 'modelCheckpoint')
    return value ?? Number.NaN
  }

  // Without a metric the newest is the best.
  get #mode(): MonitorMode {
    return this.#watched ? this.#options.mode : 'max'
  }

  #ranked(added: Saved): Saved[] {
    const index = this.#saved.findIndex(({ score }) => isBetter(added.score, score, this.#mode))
    const others = this.#saved.filter(({ path }) => path !== added.path)
    return others.toSpliced(index === -1 ? others.length : index, 0, added)
  }

  #isKept(score: number): boolean {
    const { saveTopK } = this.#options
    if (saveTopK === 0) return false
    const worst = this.#saved[saveTopK - 1]
    return saveTopK === -1 || !worst || isBetter(score, worst.score, this.#mode)
  }

  // A run that goes on in a folder of its own leaves those in the folder where it was begun: they are another run's.
  async #removeDropped(run: RunContext, paths: readonly (string | undefined)[]): Promise<void> {
    const keep = new Set([...this.#saved.map(({ path }) => path), this.#options.saveLast ? this.#lastPath : undefined])
    const folder = `${this.#folder(run)}/`
    for (const path of new Set(paths)) if (path?.startsWith(folder) && !keep.has(path)) await run.removeCheckpoint(path)
  }

  state() {
    return {
      saved: this.#saved.map(({ path, score }) => ({ path, score: Number.isFinite(score) ? score : null })),
      lastPath: this.#lastPath ?? null,
      lastStep: this.#lastStep,
    }
  }

  loadState(state: Readonly<Record<string, unknown>>): void {
    const { saved, lastPath, lastStep } = state as {
      saved: { path: string; score: number | null }[]
      lastPath: string | null
      lastStep: number
    }
    this.#saved = saved.map(({ path, score }) => ({ path, score: score ?? Number.NaN }))
    this.#lastPath = lastPath ?? undefined
    this.#lastStep = lastStep
    this.#lastAsked = lastStep
  }
}

/** Saves the run from time to time, and keeps the best checkpoints and the newest. */
export const modelCheckpoint = /* @__PURE__ */ definePlugin({
  kind: 'callback',
  name: 'modelCheckpoint',
  apiVersion: 1,
  schema,
  create: (options: ModelCheckpointOptions) => new ModelCheckpoint(options),
})
