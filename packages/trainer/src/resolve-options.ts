import { type Devices, everyEpochs, everySteps, type GradientClipping, LevinError, type Trigger } from '@levin/core'
import * as v from 'valibot'
import { LIGHTNING_OPTIONS } from './lightning-options.js'
import type { BatchLimit, Duration, TrainerOptions } from './trainer-options.js'

const whole = (least: number) => v.pipe(v.number(), v.integer(), v.minValue(least))
const limit = v.union([whole(0), v.strictObject({ fraction: v.pipe(v.number(), v.minValue(0), v.maxValue(1)) })])
const trigger: v.GenericSchema<Trigger> = v.variant('kind', [
  v.strictObject({ kind: v.literal('steps'), every: whole(1) }),
  v.strictObject({ kind: v.literal('epochs'), every: whole(1) }),
  v.strictObject({ kind: v.literal('minutes'), every: v.pipe(v.number(), v.gtValue(0)) }),
  v.strictObject({ kind: v.literal('end') }),
  v.strictObject({ kind: v.literal('never') }),
  v.strictObject({ kind: v.literal('any'), of: v.array(v.lazy(() => trigger)) }),
])
const part = v.optional(v.pipe(v.number(), v.minValue(0)))

// What plugins are is settled by the registry; here they only have to be there.
const schema = v.strictObject({
  plugins: v.optional(v.array(v.any())),
  accelerator: v.optional(v.any()),
  strategy: v.optional(v.any()),
  loggers: v.optional(v.union([v.array(v.any()), v.literal(false)])),
  callbacks: v.optional(v.array(v.any())),
  checkpointIO: v.optional(v.any()),
  platform: v.optional(v.any()),
  devices: v.optional(v.union([v.literal('auto'), v.number(), v.string(), v.array(v.number())])),
  precision: v.optional(v.union([v.literal('32-true'), v.literal(32)])),
  maxEpochs: v.optional(v.union([whole(0), v.literal(-1)])),
  minEpochs: v.optional(whole(0)),
  maxSteps: v.optional(v.union([whole(0), v.literal(-1)])),
  minSteps: v.optional(whole(0)),
  maxTime: v.optional(v.strictObject({ days: part, hours: part, minutes: part, seconds: part })),
  limitTrainBatches: v.optional(limit),
  limitValBatches: v.optional(limit),
  limitTestBatches: v.optional(limit),
  limitPredictBatches: v.optional(limit),
  overfitBatches: v.optional(limit),
  fastDevRun: v.optional(v.union([v.boolean(), whole(1)])),
  valCheckInterval: v.optional(trigger),
  numSanityValSteps: v.optional(whole(-1)),
  logEvery: v.optional(trigger),
  accumulateGradBatches: v.optional(whole(1)),
  gradientClipVal: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0))),
  gradientClipAlgorithm: v.optional(v.picklist(['norm', 'value'])),
  enableCheckpointing: v.optional(v.boolean()),
  enableProgressBar: v.optional(v.boolean()),
  enableModelSummary: v.optional(v.boolean()),
  reloadDataloadersEveryNEpochs: v.optional(whole(0)),
  seed: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  defaultRootDir: v.optional(v.pipe(v.string(), v.nonEmpty())),
  handleSignals: v.optional(v.boolean()),
})

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
  readonly enableCheckpointing: boolean | undefined
  readonly enableProgressBar: boolean
  readonly enableModelSummary: boolean
  readonly reloadDataloadersEveryNEpochs: number
  readonly seed: number
  readonly defaultRootDir: string
  readonly handleSignals: boolean
  readonly devices: Devices
}

/** @throws LEVIN_BAD_OPTION naming the option, what it takes, and where Lightning's name for it went. */
// biome-ignore lint/suspicious/noExplicitAny: options for any list of plugins.
export function resolveOptions(options: TrainerOptions<any>): ResolvedOptions {
  requireValid(options)
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
    enableCheckpointing: fastDevRun ? false : options.enableCheckpointing,
    enableProgressBar: options.enableProgressBar ?? true,
    enableModelSummary: options.enableModelSummary ?? true,
    reloadDataloadersEveryNEpochs: options.reloadDataloadersEveryNEpochs ?? 0,
    seed: options.seed ?? 0,
    defaultRootDir: options.defaultRootDir ?? 'runs',
    handleSignals: options.handleSignals ?? false,
    devices: options.devices ?? 'auto',
  }
}

const unlimited = (value: number): number => (value === -1 ? Infinity : value)
const sanitySteps = (value: number): number => (value === -1 ? Infinity : value)
export const isZero = (value: BatchLimit): boolean => (typeof value === 'number' ? value : value.fraction) === 0

const milliseconds = ({ days = 0, hours = 0, minutes = 0, seconds = 0 }: Duration): number =>
  (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000

function requireValid(options: object): void {
  const result = v.safeParse(schema, options)
  if (result.success) {
    if (result.output.gradientClipAlgorithm && result.output.gradientClipVal === undefined) {
      throw badOption('gradientClipAlgorithm is set without gradientClipVal.', 'Set gradientClipVal to the bound.')
    }
    return
  }
  const [issue] = result.issues
  const name = v.getDotPath(issue) ?? 'options'
  const hint = LIGHTNING_OPTIONS[name]
  if (issue.type === 'strict_object' && issue.expected === 'never' && !name.includes('.')) {
    const known = Object.keys(schema.entries).join(', ')
    throw badOption(`A Trainer has no option '${name}'.`, hint ?? `It has: ${known}.`)
  }
  throw badOption(
    `The Trainer option '${name}' is wrong: expected ${issue.expected ?? 'another value'}, found ${issue.received}.`,
    REMEDIES[name],
  )
}

const REMEDIES: Readonly<Record<string, string>> = {
  valCheckInterval: 'Use a trigger: everySteps(500), everyEpochs(1), everyMinutes(10), atEnd().',
  logEvery: 'Use a trigger: everySteps(50), everyEpochs(1), never().',
  precision: "tfjs computes in float32: only '32-true' exists.",
  limitTrainBatches: 'Use a number of batches, or { fraction: 0.1 }.',
  limitValBatches: 'Use a number of batches, or { fraction: 0.1 }.',
}

const badOption = (message: string, remedy?: string): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', { message, ...(remedy ? { remedy } : {}) })
