import {
  anyNumber,
  countFrom,
  describe,
  flag,
  LevinError,
  nearestName,
  numberAbove,
  numberFrom,
  type OptionRule,
  oneOf,
  text,
} from '@levin/core'
import { LIGHTNING_OPTIONS } from './lightning-options.js'
import type { TrainerOptions } from './trainer-options.js'

type Accepts = OptionRule['accepts']

const rule = (expected: string, accepts: Accepts): OptionRule => ({ expected, accepts })

const whole =
  (least: number): Accepts =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least
const positive = numberAbove(0).accepts
const isNumber = anyNumber.accepts
const isLength: Accepts = (value) => value === undefined || numberFrom(0).accepts(value)
const isAnything: Accepts = () => true

/** An object of these fields and no others. */
const record =
  (fields: Readonly<Record<string, Accepts>>): Accepts =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).every((name) => Object.hasOwn(fields, name)) &&
    Object.entries(fields).every(([name, accepts]) => accepts((value as Record<string, unknown>)[name]))

const TRIGGERS: Readonly<Record<string, Accepts>> = {
  steps: record({ kind: isAnything, every: whole(1) }),
  epochs: record({ kind: isAnything, every: whole(1) }),
  minutes: record({ kind: isAnything, every: positive }),
  end: record({ kind: isAnything }),
  never: record({ kind: isAnything }),
  any: record({ kind: isAnything, of: (value) => Array.isArray(value) && value.every(isTrigger) }),
}

function isTrigger(value: unknown): boolean {
  const kind = (value as { kind?: unknown } | null)?.kind
  return typeof kind === 'string' && Object.hasOwn(TRIGGERS, kind) && (TRIGGERS[kind] as Accepts)(value)
}

const isShare = record({ fraction: (value) => numberFrom(0).accepts(value) && (value as number) <= 1 })
const isLimit: Accepts = (value) => whole(0)(value) || isShare(value)

// What plugins are is settled by the registry; here they only have to be there.
const PLUGIN = rule('a name, [name, options] or an object', isAnything)
const LIMIT = rule('a whole number of batches of at least 0, or a share of the epoch as { fraction: 0.1 }', isLimit)
const TRIGGER = rule('a trigger, such as everySteps(500), everyEpochs(1) or never()', isTrigger)
const UNBOUNDED = rule('a whole number of at least 0, or -1 for no limit', whole(-1))
const COUNT = rule('a whole number of at least 0', whole(0))

const OPTIONS: Readonly<Record<keyof TrainerOptions, OptionRule>> = {
  plugins: rule('an array of plugins', Array.isArray),
  accelerator: PLUGIN,
  strategy: PLUGIN,
  checkpointIO: PLUGIN,
  launcher: PLUGIN,
  clusterEnvironment: PLUGIN,
  collective: PLUGIN,
  maxRestarts: COUNT,
  loggers: rule('an array of loggers, or false for none', (value) => Array.isArray(value) || value === false),
  callbacks: rule('an array of callbacks', Array.isArray),
  platform: rule('a platform', isAnything),
  devices: rule(
    "'auto', a number of devices, or a list of their indices",
    (value) => typeof value === 'string' || isNumber(value) || (Array.isArray(value) && value.every(isNumber)),
  ),
  precision: rule("'32-true', since tfjs computes in float32", (value) => value === '32-true' || value === 32),
  maxEpochs: UNBOUNDED,
  minEpochs: COUNT,
  maxSteps: UNBOUNDED,
  minSteps: COUNT,
  maxTime: rule(
    'a length of time such as { hours: 1, minutes: 30 }',
    record({ days: isLength, hours: isLength, minutes: isLength, seconds: isLength }),
  ),
  limitTrainBatches: LIMIT,
  limitValBatches: LIMIT,
  limitTestBatches: LIMIT,
  limitPredictBatches: LIMIT,
  overfitBatches: LIMIT,
  fastDevRun: rule(
    'true, false or a number of batches of at least 1',
    (value) => typeof value === 'boolean' || whole(1)(value),
  ),
  valCheckInterval: TRIGGER,
  numSanityValSteps: rule('a whole number of at least 0, or -1 for all batches', whole(-1)),
  logEvery: TRIGGER,
  accumulateGradBatches: rule('a whole number of at least 1', whole(1)),
  gradientClipVal: rule('a number above 0', (value) => Number.isFinite(value) && positive(value)),
  gradientClipAlgorithm: oneOf('norm', 'value'),
  syncBatchNorm: flag,
  enableCheckpointing: flag,
  enableProgressBar: flag,
  enableModelSummary: flag,
  reloadDataloadersEveryNEpochs: COUNT,
  seed: rule('a whole number from 0 to 2^53 - 1', countFrom(0).accepts),
  defaultRootDir: text('the path of a folder'),
  handleSignals: flag,
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
    const { expected, accepts } = OPTIONS[name as keyof TrainerOptions]
    if (value === undefined || accepts(value)) continue
    throw badOption(`The Trainer option '${name}' is wrong: expected ${expected}, found ${show(value)}.`)
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
