import { type AnyPlugin, isInexact, type Module, type RunKind, type StoredCheckpoint } from '@levin/core'
import { ModelCheckpoint } from './callbacks/model-checkpoint.js'
import { captureRun, restoreRun, restoreWeights } from './checkpoints/run-state.js'
import { EvaluationLoop } from './loops/evaluation-loop.js'
import { FitLoop } from './loops/fit-loop.js'
import { PredictionLoop } from './loops/prediction-loop.js'
import { type ResolvedOptions, resolveOptions } from './resolve-options.js'
import type { EvaluationResult, FitResult, PredictionResult } from './result.js'
import { statusOf, withRun } from './run/lifecycle.js'
import type { Run } from './run/run.js'
import { fitData } from './setup/fit-data.js'
import { asDataModule, type DataSource, loadersOf } from './setup/loaders.js'
import { oneRunAtATime } from './setup/one-run-at-a-time.js'
import { openCheckpoint } from './setup/open-checkpoint.js'
import { type ChosenPlugins, choosePlugins } from './setup/plugins.js'
import { requireModule } from './setup/require-module.js'
import { requireRunOptions } from './setup/run-options.js'
import type { TrainerOptions } from './trainer-options.js'

export interface RunOptions {
  /** Stops the run at the next window boundary. */
  readonly signal?: AbortSignal
  /** A checkpoint to begin from: a location, `'last'` or `'best'`. A fit goes on where it was saved. */
  readonly ckptPath?: string
}

export interface PredictOptions extends RunOptions {
  /** Default `true`. `false`: predictions go to `onPredictBatchEnd` only. */
  readonly returnPredictions?: boolean
}

/**
 * Runs modules: training, validation, test and prediction, on whatever hardware and under whatever strategy it was made
 * with. Making one touches no device; a bad option fails here and not in `fit`.
 *
 * @example
 * const trainer = new Trainer({ maxEpochs: 5, callbacks: [earlyStopping({ monitor: 'val/accuracy', mode: 'max' })] })
 * const result = await trainer.fit(new DigitClassifier(), new MnistData({ batchSize: 64 }))
 */
export class Trainer<const P extends readonly AnyPlugin[] = []> {
  readonly #options: ResolvedOptions
  readonly #chosen: ChosenPlugins

  /** @throws LEVIN_BAD_OPTION, LEVIN_UNKNOWN_PLUGIN, LEVIN_RESERVED_NAME, LEVIN_API_VERSION */
  constructor(options: TrainerOptions<P> = {}) {
    this.#options = resolveOptions(options)
    this.#chosen = choosePlugins(options)
  }

  /**
   * Trains the module. Its parameters hold the result; they are the caller's until `module.dispose()`.
   *
   * @param data a data module, or loaders by stage; absent where the module has the loaders
   */
  fit<B>(module: Module<B>, data?: DataSource<NoInfer<B>>, options: RunOptions = {}): Promise<FitResult> {
    return this.#run('fit', module, data, options, async (run, stored) => {
      const fit = await this.#prepareFit(run, stored)
      await run.hooks.call('onFitStart', run)
      logHyperparameters(run)
      await fit.run()
      await run.hooks.call('onFitEnd', run)
      return fitResult(run)
    })
  }

  async #prepareFit(run: Run, stored: StoredCheckpoint | undefined): Promise<FitLoop> {
    if (run.options.unlimitedByDefault) run.announce('maxEpochs was not set: training for 1000 epochs.', 'warning')
    announceWallClock(run)
    const fit = new FitLoop(run, await fitData(run))
    run.checkpoints = {
      save: async (location, { weightsOnly, ...options }) =>
        run.checkpointIO.save(location, await captureRun(run, fit, weightsOnly), options),
    }
    if (stored) {
      await restoreWeights(run, stored)
      await restoreRun(run, fit, stored)
    }
    return fit
  }

  /** Runs `validationStep` over the validation data. */
  validate<B>(module: Module<B>, data?: DataSource<NoInfer<B>>, options: RunOptions = {}): Promise<EvaluationResult> {
    return this.#evaluate('validate', module, data, options)
  }

  /** Runs `testStep` over the test data. */
  test<B>(module: Module<B>, data?: DataSource<NoInfer<B>>, options: RunOptions = {}): Promise<EvaluationResult> {
    return this.#evaluate('test', module, data, options)
  }

  #evaluate(
    stage: 'validate' | 'test',
    module: Module,
    data: DataSource,
    options: RunOptions,
  ): Promise<EvaluationResult> {
    return this.#run(stage, module, data, options, async (run, stored) => {
      if (stored) await restoreWeights(run, stored)
      const loop = new EvaluationLoop(run, {
        stage,
        loaders: await loadersOf(run, stage),
        limit: run.options.limits[stage],
      })
      await loop.run()
      return { status: statusOf(run), metrics: { ...run.metrics }, runFolder: run.runFolder }
    })
  }

  /** Runs `predictStep`, or `forward`, over the prediction data and reads the results to the host. */
  predict<B>(
    module: Module<B>,
    data?: DataSource<NoInfer<B>>,
    options: PredictOptions = {},
  ): Promise<PredictionResult> {
    const returnPredictions = options?.returnPredictions ?? true
    return this.#run('predict', module, data, options, async (run, stored) => {
      if (stored) await restoreWeights(run, stored)
      const loaders = await loadersOf(run, 'predict')
      const predictions = await new PredictionLoop(run, {
        loaders,
        limit: run.options.limits.predict,
        keep: returnPredictions,
      }).run()
      return {
        status: statusOf(run),
        metrics: { ...run.metrics },
        runFolder: run.runFolder,
        predictions: returnPredictions ? predictions : [],
      }
    })
  }

  #run<T>(
    kind: RunKind,
    module: unknown,
    data: unknown,
    options: RunOptions,
    body: (run: Run, stored: StoredCheckpoint | undefined) => Promise<T>,
  ): Promise<T> {
    return oneRunAtATime(kind, async () => {
      requireModule(module, kind)
      const dataModule = asDataModule(data)
      requireRunOptions(kind, options)
      const { signal, ckptPath } = options
      const request = {
        kind,
        module,
        data: dataModule,
        options: this.#options,
        chosen: this.#chosen,
        signal,
        checkpoint: ckptPath === undefined ? undefined : (run: Run) => openCheckpoint(run, ckptPath),
      }
      return withRun(request, body)
    })
  }
}

/** What the wall clock decides cannot be repeated exactly; whoever relies on that should know it now. */
function announceWallClock(run: Run): void {
  const { options } = run
  const named = [
    options.maxTime !== Infinity && 'maxTime',
    isInexact(options.valCheckInterval) && 'valCheckInterval',
  ].filter(Boolean)
  if (named.length) run.announce(`${named.join(' and ')}: by the wall clock, so this run cannot be repeated exactly.`)
}

function logHyperparameters(run: Run): void {
  const hyperparameters = { ...run.data?.hparams, ...run.module.hparams }
  if (run.isGlobalZero) for (const logger of run.loggers) logger.logHyperparameters(hyperparameters)
}

function fitResult(run: Run): FitResult {
  const checkpoint = run.hooks.callbacks.find((callback) => callback instanceof ModelCheckpoint) as
    | ModelCheckpoint
    | undefined
  const facts = {
    metrics: { ...run.metrics },
    runFolder: run.runFolder,
    clock: { ...run.clock },
    bestCheckpoint: checkpoint?.bestModelPath,
    lastCheckpoint: checkpoint?.lastModelPath,
  }
  const status = statusOf(run)
  const message = run.stopRequest?.message ?? ''
  if (status === 'completed') return { ...facts, status }
  if (status === 'aborted') return { ...facts, status, reason: 'aborted', message }
  return { ...facts, status, reason: run.stopRequest?.reason ?? 'requested', message }
}
