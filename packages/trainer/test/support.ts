import {
  type Callback,
  CurrentBackend,
  type EpochRunContext,
  type ErrorCode,
  LevinError,
  type Logger,
  type LoggerPosition,
  type LogMoment,
  type MetricRow,
  type Module,
  type RunKind,
  type TrainBatchOutput,
} from '@levin/core'
import { BoringModule, TestPlatform } from '@levin/testing'
import {
  type DataSource,
  type EvaluationResult,
  type FitResult,
  type PredictionResult,
  type RunOptions,
  Trainer,
  type TrainerOptions,
} from '../src/index.js'

/** A Trainer that writes nothing and says nothing, unless told otherwise. */
export const quietTrainer = (options: TrainerOptions = {}): Trainer =>
  new Trainer({
    // Slow, as it is: tests of what is said about that bring their own.
    accelerator: Object.assign(new CurrentBackend(), { advice: () => undefined }),
    platform: new TestPlatform({ tick: 1 }),
    enableProgressBar: false,
    enableModelSummary: false,
    numSanityValSteps: 0,
    loggers: false,
    maxEpochs: 1,
    ...options,
  })

/** The levin error that an action ends with. */
export async function refusal(action: () => unknown, code: ErrorCode): Promise<LevinError> {
  const error: unknown = await (async () => action())().then(
    (value) => new Error(`Expected ${code}, found a result: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  )
  if (LevinError.isInstance(error, code)) return error
  throw error
}

/** Keeps what loggers receive. */
export class RowLogger implements Logger {
  readonly name = 'rows'
  readonly version = '0'
  rows: { step: number; epoch: number; metrics: MetricRow }[] = []
  hyperparameters: Readonly<Record<string, unknown>> | undefined
  readonly checkpoints: string[] = []
  readonly statuses: string[] = []

  setup(): void {}

  logMetrics(metrics: MetricRow, { globalStep, epoch }: LogMoment): void {
    this.rows.push({ step: globalStep, epoch, metrics: { ...metrics } })
  }

  logHyperparameters(hyperparameters: Readonly<Record<string, unknown>>): void {
    this.hyperparameters = hyperparameters
  }

  afterSaveCheckpoint(path: string): void {
    this.checkpoints.push(path)
  }

  position(): LoggerPosition {
    return { rows: this.rows.length }
  }

  rewind(position: LoggerPosition): void {
    this.rows.length = Math.min(this.rows.length, position['rows'] as number)
  }

  finalize(status: string): void {
    this.statuses.push(status)
  }

  /** `step: { name: value }` of the rows that hold a metric. */
  of(name: string): [step: number, value: number][] {
    return this.rows.flatMap(({ step, metrics }) => (name in metrics ? [[step, metrics[name] as number]] : []))
  }
}

/** Notes the loss of every batch, as it is. */
export class LossRecorder implements Callback {
  readonly name = 'lossRecorder'
  readonly losses: number[] = []

  async onTrainBatchEnd({ loss }: TrainBatchOutput): Promise<void> {
    this.losses.push((await loss?.data<'float32'>())?.[0] ?? Number.NaN)
  }
}

/** Saves a checkpoint at the end of each epoch. */
export const saveEachEpoch: Callback = {
  name: 'saveEachEpoch',
  order: 'last',
  onTrainEpochEnd: (run: EpochRunContext) => run.saveCheckpoint(`epoch-${run.clock.epoch}`),
}

/** All values of a module's parameters, in order. */
export const parametersOf = (module: BoringModule): number[] =>
  module.parameters().flatMap(({ value }) => [...value.dataSync()])

/** A module that has been trained: its parameters, and nothing alive any more. */
export async function trainedParameters(
  options: TrainerOptions,
  data: Parameters<Trainer['fit']>[1],
  module = new BoringModule(),
): Promise<number[]> {
  await quietTrainer(options).fit(module, data as never)
  const parameters = parametersOf(module)
  module.dispose()
  return parameters
}

/** One of a trainer's methods, chosen by its name: those that have several signatures cannot be called in a union. */
export const method = (trainer: Trainer, kind: RunKind) =>
  trainer[kind].bind(trainer) as (
    module: Module,
    data?: DataSource,
    options?: RunOptions,
  ) => Promise<FitResult | EvaluationResult | PredictionResult>
