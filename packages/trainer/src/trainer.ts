import { type AnyPlugin, Module, type RunKind, type StartWorker } from '@levin/core'
import type { RunModuleOptions, WorkerRunOptions } from './launch/run-module-options.js'
import { type ResolvedOptions, resolveOptions } from './resolve-options.js'
import type { EvaluationResult, FitResult, PredictionResult } from './result.js'
import type { Results } from './run/execute.js'
import { refusals } from './run/refusals.js'
import type { PredictOptions, RunOptions } from './run/run-options.js'
import { type ChosenPlugins, choosePlugins } from './setup/choose-plugins.js'
import type { DataSource } from './setup/loaders.js'
import { requireRunOptions } from './setup/run-options.js'
import type { TrainerOptions } from './trainer-options.js'

/**
 * Runs modules: training, validation, test and prediction, on whatever hardware and under whatever strategy it was made
 * with. Making one touches no device; a bad option fails here and not in `fit`.
 *
 * Every method takes a module with its data, or the URL of a run module, which says how to build them. Runs of several workers
 * take the second: each worker imports it. So does a run that is not to stop this thread: `launcher: 'worker'`. In browsers,
 * where bundlers must see the worker's file, a function that starts it stands for the URL; the file calls `serve`.
 *
 * @example
 * const trainer = new Trainer({ maxEpochs: 5, callbacks: [earlyStopping({ monitor: 'val/accuracy', mode: 'max' })] })
 * const result = await trainer.fit(new DigitClassifier(), new MnistData({ batchSize: 64 }))
 *
 * @example
 * const trainer = new Trainer({ strategy: ddp(), devices: 4 })
 * const result = await trainer.fit(new URL('./run.js', import.meta.url), { hparams: { learningRate: 1e-4 } })
 */
export class Trainer<const P extends readonly AnyPlugin[] = []> {
  readonly #given: TrainerOptions<P>
  readonly #options: ResolvedOptions
  readonly #chosen: ChosenPlugins

  /** @throws LEVIN_BAD_OPTION, LEVIN_UNKNOWN_PLUGIN, LEVIN_RESERVED_NAME, LEVIN_API_VERSION */
  constructor(options: TrainerOptions<P> = {}) {
    this.#given = options
    this.#options = resolveOptions(options)
    this.#chosen = choosePlugins(options)
  }

  /** Trains what a run module builds. The result is in the checkpoints that the run saves. */
  fit(run: URL, options?: RunModuleOptions): Promise<FitResult>
  /** In browsers: trains in web workers, one or as many as `devices` says, whose file calls `serve(run)`. */
  fit(start: StartWorker, options?: WorkerRunOptions): Promise<FitResult>
  /**
   * Trains the module. Its parameters hold the result; they are the caller's until `module.dispose()`.
   *
   * @param data a data module, or loaders by stage; absent where the module has the loaders
   */
  fit<B>(module: Module<B>, data?: DataSource<NoInfer<B>>, options?: RunOptions): Promise<FitResult>
  fit(target: unknown, ...rest: unknown[]): Promise<FitResult> {
    return this.#start('fit', target, rest)
  }

  validate(run: URL, options?: RunModuleOptions): Promise<EvaluationResult>
  validate(start: StartWorker, options?: WorkerRunOptions): Promise<EvaluationResult>
  /** Runs `validationStep` over the validation data. */
  validate<B>(module: Module<B>, data?: DataSource<NoInfer<B>>, options?: RunOptions): Promise<EvaluationResult>
  validate(target: unknown, ...rest: unknown[]): Promise<EvaluationResult> {
    return this.#start('validate', target, rest)
  }

  test(run: URL, options?: RunModuleOptions): Promise<EvaluationResult>
  test(start: StartWorker, options?: WorkerRunOptions): Promise<EvaluationResult>
  /** Runs `testStep` over the test data. */
  test<B>(module: Module<B>, data?: DataSource<NoInfer<B>>, options?: RunOptions): Promise<EvaluationResult>
  test(target: unknown, ...rest: unknown[]): Promise<EvaluationResult> {
    return this.#start('test', target, rest)
  }

  predict(run: URL, options?: RunModuleOptions & PredictOptions): Promise<PredictionResult>
  predict(start: StartWorker, options?: WorkerRunOptions & PredictOptions): Promise<PredictionResult>
  /**
   * Runs `predictStep`, or `forward`, over the prediction data and reads the results to the host. Several workers that were
   * launched for it give their parts of each batch one after the other; under `mpirun` each process has its own parts.
   */
  predict<B>(module: Module<B>, data?: DataSource<NoInfer<B>>, options?: PredictOptions): Promise<PredictionResult>
  predict(target: unknown, ...rest: unknown[]): Promise<PredictionResult> {
    return this.#start('predict', target, rest)
  }

  // A page that trains by itself does without what launches ranks, and one whose workers train without what trains.
  async #start<K extends RunKind>(kind: K, target: unknown, rest: readonly unknown[]): Promise<Results[K]> {
    if (target instanceof URL) {
      const [options = {}] = rest
      requireRunOptions(kind, options, 'module')
      const { runByUrl } = await import('./launch/run-by-url.js')
      return runByUrl(kind, target, this.#given, options as RunModuleOptions)
    }
    if (startsWorkers(target)) {
      const [options = {}] = rest
      requireRunOptions(kind, options, 'workers')
      const { runInWorkers } = await import('./launch/run-in-workers.js')
      return runInWorkers(kind, target, this.#given, options as WorkerRunOptions)
    }
    const [data, runOptions = {}] = rest
    const { asDataModule, execute, placeRun, requireModule } = await import('./run/here.js')
    const module = await requireModule(target, kind)
    const dataModule = await asDataModule(data)
    requireRunOptions(kind, runOptions)
    const placement = await placeRun(this.#chosen, this.#options)
    if (placement.kind === 'launched') throw (await refusals()).needsRunModule(placement.worldSize)
    return execute(kind, {
      module,
      data: dataModule,
      options: this.#options,
      chosen: this.#chosen,
      world: placement.world,
      runOptions: runOptions as PredictOptions,
    })
  }
}

/** A function, but for the class of a module, which somebody forgot to make one of. */
const startsWorkers = (target: unknown): target is StartWorker =>
  typeof target === 'function' && !(target.prototype instanceof Module)
