import { LevinError, type Loader, type RunPhase, type StepPosition } from '@levin/core'
import { BatchSource, countBatches, wasRead } from '../batches/batch-source.js'
import { BatchTransfer } from '../batches/batch-transfer.js'
import { stagedBatches } from '../batches/staged-batches.js'
import { type LoggedValue, LogStore } from '../logging/log-store.js'
import { isZero } from '../resolve-options.js'
import type { Run } from '../run/run.js'
import type { BatchLimit } from '../trainer-options.js'
import { epochHookRun, evaluationHookRun } from './logging-run.js'
import { requireSynchronous } from './loss.js'
import { Pace } from './pace.js'
import { EvaluationScope } from './scopes.js'

type Stage = 'validate' | 'test'

const STEP: Readonly<Record<Stage, 'validationStep' | 'testStep'>> = { validate: 'validationStep', test: 'testStep' }
const WORD: Readonly<Record<Stage, 'Validation' | 'Test'>> = { validate: 'Validation', test: 'Test' }

/** A loader of which no batch is wanted is not even begun. */
export const NOTHING: Loader = []

export interface EvaluationOptions {
  readonly stage: Stage
  readonly loaders: readonly Loader[]
  readonly limit: BatchLimit
  /** A rehearsal before training: at most so many batches, and nothing of what is logged is kept. */
  readonly sanitySteps?: number
}

/** Runs validation or test over every loader and gives what was logged for the epoch. */
export class EvaluationLoop {
  readonly #run: Run
  readonly #stage: Stage
  readonly #loaders: readonly Loader[]
  readonly #limits: readonly number[]
  readonly #sanity: boolean
  /** The limit is 0: nobody wants to run any batch. */
  readonly #leftOut: boolean
  readonly #logs: LogStore
  readonly #transfer: BatchTransfer

  constructor(run: Run, { stage, loaders, limit, sanitySteps }: EvaluationOptions) {
    this.#run = run
    this.#stage = stage
    this.#loaders = loaders
    const counts = loaders.map((loader, i) =>
      countBatches(loader, limit, stage === 'test' ? 'limitTestBatches' : `limitValBatches (loader ${i})`),
    )
    this.#limits = counts.map((count) => Math.min(count ?? Infinity, sanitySteps ?? Infinity))
    this.#sanity = sanitySteps !== undefined
    this.#leftOut = isZero(limit)
    this.#logs = new LogStore(run.createSink())
    this.#transfer = new BatchTransfer(run)
  }

  get batchCounts(): readonly (number | undefined)[] {
    return this.#limits.map((limit) => (limit === Infinity ? undefined : limit))
  }

  async run(): Promise<readonly LoggedValue[]> {
    const { hooks } = this.#run
    const word = WORD[this.#stage]
    const before = { phase: this.#run.phase, limits: this.#run.limits, reader: this.#run.reader }
    this.#run.phase = (this.#sanity ? 'sanityCheck' : this.#stage) satisfies RunPhase
    this.#run.limits = { ...before.limits, evaluationBatches: this.batchCounts }
    this.#logs.resetEpoch()
    const epoch = epochHookRun(this.#run, this.#logs)
    try {
      await this.#run.strategy.synchronise?.()
      await hooks.call(`on${word}Start`, epoch)
      await hooks.call(`on${word}EpochStart`, epoch)
      for (let index = 0; index < this.#loaders.length; index++) await this.#loader(index)
      await hooks.call(`on${word}EpochEnd`, epoch)
      const values = await this.#logs.readEpoch(this.#run.strategy)
      if (!this.#sanity) {
        this.#run.take(values)
        this.#run.logRow(values)
      }
      if (this.#run.rank.worldSize > 1) await this.#run.shareMetrics()
      await hooks.call(`on${word}End`, this.#run)
      return values
    } finally {
      this.#run.phase = before.phase
      this.#run.limits = before.limits
      this.#run.reader = before.reader
      this.#run.dataloaderIndex = 0
    }
  }

  async #loader(index: number): Promise<void> {
    const loader = this.#loaders[index] as Loader
    const limit = this.#limits[index] ?? 0
    const isEmpty = (readBefore = false) => emptyLoader(this.#stage, index, this.#loaders.length, readBefore)
    // A shard may have no part in the last batches; a whole loader without any is a mistake.
    const isWhole = this.#run.strategy.dataShard.count === 1
    if (limit === 0 && !this.#leftOut && isWhole) throw isEmpty()
    this.#run.dataloaderIndex = index
    loader.setEpoch?.(0)
    const source = await new BatchSource(limit === 0 ? NOTHING : loader, limit, stagedBatches(this.#run)).start()
    if (limit > 0 && !source.hasNext && (isWhole || limit !== Infinity)) throw isEmpty(wasRead(loader))
    const pace = await Pace.of(this.#run, limit)
    const hookRun = evaluationHookRun(this.#run, this.#logs)
    let firstSample = 0
    try {
      for (let batchIndex = 0; ; batchIndex++) {
        const goesOn = pace.goesOn(batchIndex, source.hasNext)
        if (!(typeof goesOn === 'boolean' ? goesOn : await goesOn)) break
        // The others have more batches.
        if (!source.hasNext) continue
        const taken = source.take()
        const raw = taken instanceof Promise ? await taken : taken
        const { batch, samples, place, release } = this.#transfer.transfer(raw, source, index)
        this.#run.batchSamples = samples
        try {
          const position = { batchIndex, firstSample: firstSample + place.first, globalBatchSize: place.total }
          await this.#batch(batch, samples, position, index, hookRun)
        } finally {
          this.#run.batchSamples = 1
          release()
        }
        firstSample += place.total
        const turn = this.#run.turns.take()
        if (turn) await turn
      }
    } finally {
      await source.close()
    }
  }

  async #batch(
    batch: unknown,
    samples: number,
    place: Pick<StepPosition, 'batchIndex' | 'firstSample' | 'globalBatchSize'>,
    index: number,
    hookRun: ReturnType<typeof evaluationHookRun>,
  ): Promise<void> {
    const { hooks, strategy, module, clock, options, accelerator } = this.#run
    const word = WORD[this.#stage]
    const { batchIndex } = place
    const started = hooks.call(`on${word}BatchStart`, batch, batchIndex, hookRun)
    if (started) await started
    const position: StepPosition = {
      seed: options.seed,
      mode: this.#stage,
      globalStep: clock.globalStep,
      epoch: clock.epoch,
      microBatch: 0,
      ...place,
    }
    const suffix = this.#loaders.length > 1 ? `/dataloader_${index}` : ''
    const services = {
      intercept: strategy.intercept,
      sharing: strategy.sharing,
      drawUniform: accelerator.drawUniform?.bind(accelerator),
    }
    const step = new EvaluationScope(position, services, this.#logs, samples, index, suffix)
    const evaluated = strategy.evaluate(() => {
      requireSynchronous(module[STEP[this.#stage]]?.(batch, step), module, STEP[this.#stage])
    })
    if (evaluated instanceof Promise) await evaluated
    const ended = hooks.call(`on${word}BatchEnd`, batch, batchIndex, hookRun)
    if (ended) await ended
    if (this.#logs.hasStepValues) await this.#logStep()
  }

  /** A row per batch, for whoever asked for it by `onStep`: this is a read per batch. */
  async #logStep(): Promise<void> {
    const values = await this.#logs.readStep()
    this.#logs.resetStep()
    // How many batches a rank has is its own affair: the metrics of all become those of rank zero at the end.
    if (this.#sanity || !this.#run.isGlobalZero) return
    this.#run.take(values)
    this.#run.logRow(values)
  }
}

export function emptyLoader(stage: string, index: number, count: number, readBefore = false): LevinError {
  const which = count > 1 ? ` ${index}` : ''
  return new LevinError('LEVIN_EMPTY_LOADER', {
    message: `The ${stage} loader${which} yielded no batch${readBefore ? ', and it has been read before' : ''}.`,
    remedy: readBefore
      ? 'What can be read once only, such as the object of a generator, is used up: give something that each epoch can iterate anew, such as a DataLoader of fromIterable(() => …).'
      : 'Check the dataset, and that batchSize with dropLast leaves at least one batch.',
  })
}
