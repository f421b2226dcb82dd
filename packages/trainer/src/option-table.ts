import { describe, LevinError, nearestName, type Trigger } from '@levin/core'
import * as v from 'valibot'
import { LIGHTNING_OPTIONS } from './lightning-options.js'
import type { TrainerOptions } from './trainer-options.js'

interface Option {
  readonly schema: v.GenericSchema<unknown>
  /** What the option takes, after "expected". */
  readonly takes: string
}

const whole = (least: number) => v.pipe(v.number(), v.integer(), v.minValue(least))
const trigger: v.GenericSchema<Trigger> = v.variant('kind', [
  v.strictObject({ kind: v.literal('steps'), every: whole(1) }),
  v.strictObject({ kind: v.literal('epochs'), every: whole(1) }),
  v.strictObject({ kind: v.literal('minutes'), every: v.pipe(v.number(), v.gtValue(0)) }),
  v.strictObject({ kind: v.literal('end') }),
  v.strictObject({ kind: v.literal('never') }),
  v.strictObject({ kind: v.literal('any'), of: v.array(v.lazy(() => trigger)) }),
])
const duration = v.optional(v.pipe(v.number(), v.minValue(0)))

// What plugins are is settled by the registry; here they only have to be there.
const PLUGIN: Option = { schema: v.any(), takes: 'a name, [name, options] or an object' }
const LIMIT: Option = {
  schema: v.union([whole(0), v.strictObject({ fraction: v.pipe(v.number(), v.minValue(0), v.maxValue(1)) })]),
  takes: 'a whole number of batches of at least 0, or a share of the epoch as { fraction: 0.1 }',
}
const BOOLEAN: Option = { schema: v.boolean(), takes: 'true or false' }
const TRIGGER: Option = { schema: trigger, takes: 'a trigger, such as everySteps(500), everyEpochs(1) or never()' }
const UNBOUNDED: Option = {
  schema: v.union([whole(0), v.literal(-1)]),
  takes: 'a whole number of at least 0, or -1 for no limit',
}
const COUNT: Option = { schema: whole(0), takes: 'a whole number of at least 0' }

const OPTIONS: Readonly<Record<keyof TrainerOptions, Option>> = {
  plugins: { schema: v.array(v.any()), takes: 'an array of plugins' },
  accelerator: PLUGIN,
  strategy: PLUGIN,
  checkpointIO: PLUGIN,
  launcher: PLUGIN,
  clusterEnvironment: PLUGIN,
  collective: PLUGIN,
  maxRestarts: COUNT,
  loggers: { schema: v.union([v.array(v.any()), v.literal(false)]), takes: 'an array of loggers, or false for none' },
  callbacks: { schema: v.array(v.any()), takes: 'an array of callbacks' },
  platform: { schema: v.any(), takes: 'a platform' },
  devices: {
    schema: v.union([v.literal('auto'), v.number(), v.string(), v.array(v.number())]),
    takes: "'auto', a number of devices, or a list of their indices",
  },
  precision: {
    schema: v.union([v.literal('32-true'), v.literal(32)]),
    takes: "'32-true', since tfjs computes in float32",
  },
  maxEpochs: UNBOUNDED,
  minEpochs: COUNT,
  maxSteps: UNBOUNDED,
  minSteps: COUNT,
  maxTime: {
    schema: v.strictObject({ days: duration, hours: duration, minutes: duration, seconds: duration }),
    takes: 'a length of time such as { hours: 1, minutes: 30 }',
  },
  limitTrainBatches: LIMIT,
  limitValBatches: LIMIT,
  limitTestBatches: LIMIT,
  limitPredictBatches: LIMIT,
  overfitBatches: LIMIT,
  fastDevRun: { schema: v.union([v.boolean(), whole(1)]), takes: 'true, false or a number of batches of at least 1' },
  valCheckInterval: TRIGGER,
  numSanityValSteps: { schema: whole(-1), takes: 'a whole number of at least 0, or -1 for all batches' },
  logEvery: TRIGGER,
  accumulateGradBatches: { schema: whole(1), takes: 'a whole number of at least 1' },
  gradientClipVal: { schema: v.pipe(v.number(), v.finite(), v.gtValue(0)), takes: 'a number above 0' },
  gradientClipAlgorithm: { schema: v.picklist(['norm', 'value']), takes: "'norm' or 'value'" },
  syncBatchNorm: BOOLEAN,
  enableCheckpointing: BOOLEAN,
  enableProgressBar: BOOLEAN,
  enableModelSummary: BOOLEAN,
  reloadDataloadersEveryNEpochs: COUNT,
  seed: {
    schema: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    takes: 'a whole number from 0 to 2^53 - 1',
  },
  defaultRootDir: { schema: v.pipe(v.string(), v.nonEmpty()), takes: 'the path of a folder' },
  handleSignals: BOOLEAN,
}

/** @throws LEVIN_BAD_OPTION naming the option, what it takes, and where Lightning's name for it went. */
export function requireValidOptions(options: object): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw badOption(
      `A Trainer takes its options as an object, found ${describe(options)}.`,
      'As in new Trainer({ maxEpochs: 5 }).',
    )
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, name)) throw unknownOption(name)
    const { schema, takes } = OPTIONS[name as keyof TrainerOptions]
    if (value === undefined || v.is(schema, value)) continue
    throw badOption(`The Trainer option '${name}' is wrong: expected ${takes}, found ${show(value)}.`)
  }
  const { gradientClipAlgorithm, gradientClipVal } = options as TrainerOptions
  if (gradientClipAlgorithm !== undefined && gradientClipVal === undefined)
    throw badOption('gradientClipAlgorithm is set without gradientClipVal.', 'Set gradientClipVal to the bound.')
}

function unknownOption(name: string): LevinError {
  const known = Object.keys(OPTIONS)
  const near = nearestName(name, known)
  // Lightning's own spelling is understood too: log_every_n_steps.
  const lightning = LIGHTNING_OPTIONS[nearestName(name, Object.keys(LIGHTNING_OPTIONS)) ?? '']
  const hint = lightning ?? (near ? `Did you mean '${near}'?` : `It has: ${known.join(', ')}.`)
  return badOption(`A Trainer has no option '${name}'.`, hint)
}

/** Plain objects in full, as far as they are short: which of their parts is wrong can be seen. */
function show(value: unknown): string {
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  const text = isPlain || Array.isArray(value) ? JSON.stringify(value) : undefined
  return text !== undefined && text.length <= 80 ? text : describe(value)
}

const badOption = (message: string, remedy?: string): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', { message, ...(remedy ? { remedy } : {}) })
