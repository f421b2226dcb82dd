import { type Devices, everyEpochs, everySteps, type GradientClipping, type Trigger } from '@levin/core'
import { requireValidOptions } from './option-table.js'
import type { BatchLimit, Duration, TrainerOptions } from './trainer-options.js'

/** The options with every default in place. */
export interface ResolvedOptions {
  readonly maxEpochs: number
  /** Whether nobody asked for the number of epochs. */
  readonly unlimitedByDefault: boolean
  readonly minEpochs: number
  readonly maxSteps: number
  readonly minSteps: number
  /** Milliseconds. */
  readonly maxTime: number
  readonly limits: {
    readonly train: BatchLimit
    readonly validate: BatchLimit
    readonly test: BatchLimit
    readonly predict: BatchLimit
  }
  readonly overfitBatches: BatchLimit
  readonly fastDevRun: number
  readonly valCheckInterval: Trigger
  readonly numSanityValSteps: number
  readonly logEvery: Trigger
  readonly accumulateGradBatches: number
  readonly clipping: GradientClipping | undefined
  readonly syncBatchNorm: boolean
  readonly enableCheckpointing: boolean | undefined
  readonly enableProgressBar: boolean
  readonly enableModelSummary: boolean
  readonly reloadDataloadersEveryNEpochs: number
  readonly seed: number
  readonly defaultRootDir: string
  readonly handleSignals: boolean
  readonly maxRestarts: number
  readonly devices: Devices
}

/** @throws LEVIN_BAD_OPTION naming the option, what it takes, and where Lightning's name for it went. */
// biome-ignore lint/suspicious/noExplicitAny: options for any list of plugins.
export function resolveOptions(options: TrainerOptions<any>): ResolvedOptions {
  requireValidOptions(options)
  const fastDevRun = Number(options.fastDevRun ?? 0)
  const unlimitedByDefault =
    options.maxEpochs === undefined && options.maxSteps === undefined && options.maxTime === undefined
  const batches = (given: BatchLimit | undefined): BatchLimit => (fastDevRun ? fastDevRun : (given ?? { fraction: 1 }))
  const overfit = options.overfitBatches ?? 0
  return {
    maxEpochs: fastDevRun ? 1 : unlimited(options.maxEpochs ?? (unlimitedByDefault ? 1000 : -1)),
    unlimitedByDefault: unlimitedByDefault && !fastDevRun,
    minEpochs: options.minEpochs ?? 0,
    maxSteps: fastDevRun || unlimited(options.maxSteps ?? -1),
    minSteps: options.minSteps ?? 0,
    maxTime: options.maxTime ? milliseconds(options.maxTime) : Infinity,
    limits: {
      train: isZero(overfit) ? batches(options.limitTrainBatches) : overfit,
      validate: isZero(overfit) ? batches(options.limitValBatches) : overfit,
      test: batches(options.limitTestBatches),
      predict: batches(options.limitPredictBatches),
    },
    overfitBatches: overfit,
    fastDevRun,
    valCheckInterval: fastDevRun ? everyEpochs(1) : (options.valCheckInterval ?? everyEpochs(1)),
    numSanityValSteps: fastDevRun ? 0 : sanitySteps(options.numSanityValSteps ?? 2),
    logEvery: options.logEvery ?? everySteps(50),
    accumulateGradBatches: options.accumulateGradBatches ?? 1,
    clipping:
      options.gradientClipVal === undefined
        ? undefined
        : { algorithm: options.gradientClipAlgorithm ?? 'norm', value: options.gradientClipVal },
    syncBatchNorm: options.syncBatchNorm ?? true,
    enableCheckpointing: fastDevRun ? false : options.enableCheckpointing,
    enableProgressBar: options.enableProgressBar ?? true,
    enableModelSummary: options.enableModelSummary ?? true,
    reloadDataloadersEveryNEpochs: options.reloadDataloadersEveryNEpochs ?? 0,
    seed: options.seed ?? 0,
    defaultRootDir: options.defaultRootDir ?? 'runs',
    handleSignals: options.handleSignals ?? false,
    maxRestarts: options.maxRestarts ?? 0,
    devices: options.devices ?? 'auto',
  }
}

const unlimited = (value: number): number => (value === -1 ? Infinity : value)
const sanitySteps = (value: number): number => (value === -1 ? Infinity : value)
export const isZero = (value: BatchLimit): boolean => (typeof value === 'number' ? value : value.fraction) === 0

const milliseconds = ({ days = 0, hours = 0, minutes = 0, seconds = 0 }: Duration): number =>
  (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
