import { diskCheckpoints } from '@levin/checkpoints/node'
import { type Callback, type CheckpointIO, LevinError, type SharedSaves, type Strategy } from '@levin/core'
import { reduceOnPlateau, sgd } from '@levin/optim'
import { type BoringBatch, BoringLoader, BoringModule, TestPlatform } from '@levin/testing'
import { type LoadersByStage, Trainer } from '@levin/trainer'
import { modelCheckpoint } from '@levin/trainer/callbacks'
import { mul } from '@tensorflow/tfjs-core'
import { acceleratorOf, ddpAt, type Place } from './place.js'
import type { Deed, RunOutcome, RunPlan } from './run-plan.js'
import { SlicingDdp } from './slicing-ddp.js'

export const runBodies = {
  async run(place: Place, plan: RunPlan): Promise<RunOutcome> {
    return new RankRun(place, plan).run()
  },
}

/** One rank's part of a plan. */
class RankRun {
  readonly #place: Place
  readonly #plan: RunPlan
  readonly #notes: string[] = []
  readonly #module: BoringModule
  readonly #optimizer: ReturnType<typeof sgd>

  constructor(place: Place, plan: RunPlan) {
    this.#place = place
    this.#plan = plan
    this.#module = this.#makeModule()
    this.#optimizer = sgd(this.#module.parameters(), { learningRate: 0.1, momentum: 0.9 })
  }

  /** Whether this rank does it, and now. */
  #does(what: Deed, batch?: number): boolean {
    const { deed } = this.#plan
    return deed?.rank === this.#place.group.rank && deed.what === what && (batch === undefined || deed.batch === batch)
  }

  #throwIf(what: Deed, batch?: number): void {
    if (this.#does(what, batch)) throw new Error(`on purpose: ${what}`)
  }

  async run(): Promise<RunOutcome> {
    const { kind = 'fit', validation } = this.#plan
    const strategy: Strategy = this.#plan.savesParts ? new SlicingDdp() : ddpAt(this.#place)
    if (this.#plan.savesParts) strategy.join?.({ rank: rankOf(this.#place), group: this.#place.group })
    if (this.#does('values cannot be read')) makeUnreadable(strategy)
    const trainer = this.#trainer(strategy)
    const { batches = 4 } = this.#plan
    const data = {
      train: new BoringLoader({ batches, batchSize: 8 }),
      // Uneven on purpose: a rank may have no part in the last batch.
      ...(validation || kind !== 'fit'
        ? { validate: new BoringLoader({ batches: batches + 1, batchSize: 8, lastBatchSize: 1 }) }
        : {}),
      ...(kind === 'predict' ? { predict: new BoringLoader({ batches, batchSize: 8 }) } : {}),
    }
    try {
      const result = await this.#start(trainer, kind, data)
      return this.#outcome({ result: JSON.parse(JSON.stringify({ ...result, predictions: undefined })) as never })
    } catch (error) {
      const { message } = error as Error
      return this.#outcome({ error: { message, code: LevinError.isInstance(error) ? error.code : undefined } })
    } finally {
      this.#module.dispose()
    }
  }

  #start(trainer: Trainer, kind: NonNullable<RunPlan['kind']>, data: LoadersByStage<BoringBatch>): Promise<object> {
    const { ckptPath } = this.#plan
    const options = ckptPath === undefined ? {} : { ckptPath }
    if (kind === 'fit') return trainer.fit(this.#module, data, options)
    return kind === 'predict'
      ? trainer.predict(this.#module, data, options)
      : trainer.validate(this.#module, data, options)
  }

  #outcome(end: Pick<RunOutcome, 'result' | 'error'>): RunOutcome {
    const materialised = this.#module.parameters().filter(({ isMaterialised }) => isMaterialised)
    return {
      ...end,
      notes: this.#notes,
      parameters: materialised.flatMap(({ value }) => [...value.dataSync()]),
      learningRate: this.#optimizer.groups[0]?.learningRate ?? Number.NaN,
    }
  }

  #trainer(strategy: Strategy): Trainer {
    const { epochs = 2, ticks, maxTime, minEpochs, valCheckInterval, checkpoints, folder } = this.#plan
    return new Trainer({
      accelerator: acceleratorOf(this.#place.world),
      strategy,
      checkpointIO: this.#io(),
      platform: new TestPlatform({ tick: ticks?.[this.#place.group.rank] ?? 1 }),
      callbacks: [this.#notesTaken(), modelCheckpoint({ dirpath: folder, saveTopK: -1, ...checkpoints })],
      maxEpochs: epochs,
      seed: 3,
      loggers: false,
      enableProgressBar: false,
      enableModelSummary: false,
      numSanityValSteps: 0,
      ...(maxTime ? { maxTime } : {}),
      ...(minEpochs === undefined ? {} : { minEpochs }),
      ...(valCheckInterval ? { valCheckInterval } : {}),
    })
  }

  #makeModule(): BoringModule {
    const rank = this
    class Planned extends BoringModule {
      override loss(...[batch, step]: Parameters<BoringModule['loss']>) {
        if (step.training) rank.#throwIf('a step throws', step.batchIndex)
        const loss = super.loss(batch as BoringBatch, step)
        return step.training && rank.#does('a loss is NaN', step.batchIndex)
          ? (mul(loss, Number.NaN) as typeof loss)
          : loss
      }

      prepareData() {
        rank.#throwIf('prepareData throws')
      }

      override configureOptimizers() {
        if (!rank.#plan.plateau) return rank.#optimizer as never
        const schedule = reduceOnPlateau({ patience: 0, factor: 0.5 })
        return { optimizer: rank.#optimizer, schedule, interval: 'step', monitor: 'train/loss' } as never
      }
    }
    return new Planned({ features: 8, outputs: 3 })
  }

  #notesTaken(): Callback {
    const { group } = this.#place
    const note = (what: string) => this.#notes.push(what)
    const leaveOut = (_batch: unknown, batchIndex: number) =>
      this.#does('a batch skips the epoch', batchIndex) ? 'skipEpoch' : undefined
    return {
      name: 'notes',
      setup: () => this.#throwIf('setup throws'),
      ...(this.#plan.alone && this.#plan.deed?.rank !== group.rank ? {} : { onTrainBatchStart: leaveOut }),
      onTrainBatchEnd: (_output, _batch, batchIndex, run) => {
        note(`trained ${batchIndex}`)
        if (this.#does('a stop is asked for', batchIndex)) run.requestStop('requested', `rank ${group.rank} wants it`)
      },
      onTrainEpochEnd: () => this.#throwIf('the end of an epoch throws'),
      onValidationStart: (run) => void note(`validate at ${run.clock.globalStep}`),
      onValidationBatchEnd: (_batch, batchIndex, run) => {
        if (run.kind !== 'fit') note(`batch ${batchIndex}`)
        if (run.kind !== 'fit' && this.#does('a stop is asked for', batchIndex)) run.requestStop('aborted', 'enough')
      },
      onPredictBatchEnd: (_prediction, _batch, batchIndex, run) => {
        note(`batch ${batchIndex}`)
        if (this.#does('a stop is asked for', batchIndex)) run.requestStop('aborted', 'enough')
      },
      onSaveCheckpoint: (checkpoint) => {
        this.#throwIf('onSaveCheckpoint throws')
        checkpoint['savedBy'] = group.rank
        note('save')
      },
      onLoadCheckpoint: (checkpoint) => void note(`loaded what rank ${String(checkpoint['savedBy'])} saved`),
    }
  }

  #io(): CheckpointIO {
    const disk = diskCheckpoints()
    const failing =
      <A extends unknown[], T>(what: Deed, action: (...args: A) => Promise<T>) =>
      async (...args: A) => {
        if (this.#plan.slowSave && (what === 'save fails' || what === 'write fails'))
          await new Promise((resolve) => setTimeout(resolve, this.#plan.slowSave))
        if (this.#does(what))
          throw new LevinError('LEVIN_FILES', { message: `no space left (${what})`, remedy: 'Make some.' })
        return action(...args)
      }
    const own = disk.shared as SharedSaves
    const shared: SharedSaves = {
      begin: failing('begin fails', (...args) => own.begin(...args)),
      write: failing('write fails', (...args) => own.write(...args)),
      complete: failing('complete fails', (...args) => own.complete(...args)),
      abandon: (...args) => own.abandon(...args),
    }
    return {
      name: 'disk',
      ...(this.#plan.wholeOnly ? {} : { shared }),
      save: failing('save fails', (location, content, options) => disk.save(location, content, options)),
      load: failing('load fails', (...args) => disk.load(...args)),
      remove: failing('remove fails', (location) => disk.remove(location)),
      exists: (location) => disk.exists(location),
      point: failing('point fails', (...args) => disk.point(...args)),
      resolve: (folder, name) => disk.resolve(folder, name),
      prepare: failing('prepare fails', (folder) => disk.prepare(folder)),
    }
  }
}

/** Lets the first tensor of a model be one whose values cannot be read. */
function makeUnreadable(strategy: Strategy): void {
  const modelState = strategy.modelState.bind(strategy)
  strategy.modelState = async function* (module) {
    let first = true
    for await (const record of modelState(module)) {
      yield first ? { ...record, data: () => Promise.reject(new Error('on purpose: values cannot be read')) } : record
      first = false
    }
  }
}

const rankOf = ({ group: { rank, size } }: Place) => ({
  globalRank: rank,
  localRank: rank,
  nodeRank: 0,
  localWorldSize: size,
  worldSize: size,
})
