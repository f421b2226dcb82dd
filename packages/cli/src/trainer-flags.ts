import { anyOf, atEnd, everyEpochs, everyMinutes, everySteps, LevinError, never, type Trigger } from '@levin/core'
import type { TrainerOptions } from '@levin/trainer'
import type { ArgsDef } from 'citty'

type Parse = (text: string, flag: string) => unknown

interface Flag {
  readonly parse: Parse
  readonly hint: string
  readonly description: string
}

const number: Parse = (text, flag) => {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw badFlag(flag, 'a number', text)
}
const boolean: Parse = (text, flag) => {
  if (['true', '', '1'].includes(text)) return true
  if (['false', '0'].includes(text)) return false
  throw badFlag(flag, 'true or false', text)
}
const text: Parse = (value) => value
const numberOrText: Parse = (value) => (/^-?\d+$/.test(value) ? Number(value) : value)

/** `12` batches, or `0.5` and `50%` of the epoch. */
const limit: Parse = (value, flag) => {
  if (value.endsWith('%')) return { fraction: (number(value.slice(0, -1), flag) as number) / 100 }
  const parsed = number(value, flag) as number
  return Number.isInteger(parsed) ? parsed : { fraction: parsed }
}

const TRIGGERS: Readonly<Record<string, (every: number) => Trigger>> = {
  steps: everySteps,
  epochs: everyEpochs,
  minutes: everyMinutes,
}

/** `steps:500`, `epochs:1`, `minutes:10`, `end`, `never`; several joined by commas. */
const trigger: Parse = (value, flag) => {
  const parts = value.split(',').map((part): Trigger => {
    if (part === 'end') return atEnd()
    if (part === 'never') return never()
    const [kind = '', every = ''] = part.split(':')
    const make = TRIGGERS[kind]
    if (!make) throw badFlag(flag, 'steps:<n>, epochs:<n>, minutes:<n>, end or never', value)
    return make(number(every, flag) as number)
  })
  return parts.length === 1 ? parts[0] : anyOf(...parts)
}

/** `1:30:00`, `45m`, `90s`, `2h` */
const duration: Parse = (value, flag) => {
  const clock = /^(?:(\d+):)?(\d+):(\d+)$/.exec(value)
  if (clock) return { hours: Number(clock[1] ?? 0), minutes: Number(clock[2]), seconds: Number(clock[3]) }
  const unit = /^(\d+(?:\.\d+)?)([dhms])$/.exec(value)
  if (!unit) throw badFlag(flag, 'a time such as 1:30:00, 45m or 2h', value)
  const names = { d: 'days', h: 'hours', m: 'minutes', s: 'seconds' } as const
  return { [names[unit[2] as keyof typeof names]]: Number(unit[1]) }
}

const flag = (parse: Parse, hint: string, description: string): Flag => ({ parse, hint, description })

/** Trainer options that fit on a command line, by their names in `TrainerOptions`. */
const FLAGS = {
  accelerator: flag(text, 'name', 'Hardware: auto, cpu, …'),
  strategy: flag(text, 'name', 'Where a step runs: auto, single, …'),
  devices: flag(numberOrText, 'n', 'How many devices, or which: auto, 2, 0,2'),
  launcher: flag(text, 'name', 'Who starts the workers: auto, worker, process'),
  clusterEnvironment: flag(
    (value) => (value === 'false' ? false : value),
    'name|false',
    'Who has started this process as one of several: auto, slurm, mpi, …',
  ),
  maxRestarts: flag(number, 'n', 'How often workers that failed are started again'),
  precision: flag(numberOrText, 'name', '32-true'),
  maxEpochs: flag(number, 'n', 'Epochs to train'),
  minEpochs: flag(number, 'n', 'No early stop before'),
  maxSteps: flag(number, 'n', 'Optimizer updates to train'),
  minSteps: flag(number, 'n', 'No early stop before'),
  maxTime: flag(duration, 'time', 'Wall-clock limit: 1:30:00, 45m, 2h'),
  limitTrainBatches: flag(limit, 'n', 'Batches per epoch: 12, or 10%'),
  limitValBatches: flag(limit, 'n', 'Batches per validation'),
  limitTestBatches: flag(limit, 'n', 'Batches per test'),
  limitPredictBatches: flag(limit, 'n', 'Batches to predict'),
  overfitBatches: flag(limit, 'n', 'Train and validate on the same few batches'),
  fastDevRun: flag(
    (value, name) => (/^\d+$/.test(value) ? number(value, name) : boolean(value, name)),
    'n',
    'Run a batch of each stage to find mistakes',
  ),
  valCheckInterval: flag(trigger, 'when', 'When to validate: epochs:1, steps:500, minutes:10'),
  numSanityValSteps: flag(number, 'n', 'Validation batches before training'),
  logEvery: flag(trigger, 'when', 'When to log values of a step: steps:50'),
  accumulateGradBatches: flag(number, 'n', 'Batches per optimizer update'),
  gradientClipVal: flag(number, 'bound', 'Bound on the gradients'),
  gradientClipAlgorithm: flag(text, 'name', 'norm or value'),
  syncBatchNorm: flag(boolean, 'true|false', 'Batch norm by the statistics of the whole batch, over all workers'),
  enableCheckpointing: flag(boolean, 'true|false', 'Save checkpoints'),
  enableProgressBar: flag(boolean, 'true|false', 'Show the progress bar'),
  enableModelSummary: flag(boolean, 'true|false', 'Show the model before training'),
  reloadDataloadersEveryNEpochs: flag(number, 'n', 'Make the loaders again every n epochs'),
  seed: flag(number, 'n', 'Key of every random number'),
  defaultRootDir: flag(text, 'folder', 'Where runs are written'),
} as const satisfies Partial<Record<keyof TrainerOptions, Flag>>

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const STRATEGY_OPTIONS = {
  type: 'string',
  valueHint: 'name=value,…',
  description: 'Options of the strategy: data=2,pipeline=2, or JSON',
} as const

/** The flags as citty wants them. Values stay text here, so that errors can name flag and value. */
export const trainerArguments: ArgsDef = Object.fromEntries(
  Object.entries(FLAGS).flatMap(([name, { description, hint }]) => [
    [kebab(name), { type: 'string', description, valueHint: hint }],
    ...(name === 'strategy' ? [['strategy-options', STRATEGY_OPTIONS]] : []),
  ]),
)

/** The Trainer options that were given. @throws LEVIN_BAD_OPTION naming the flag */
export function trainerOptionsFrom(args: Readonly<Record<string, unknown>>): TrainerOptions {
  const options: Record<string, unknown> = {}
  for (const [name, { parse }] of Object.entries(FLAGS)) {
    const value = args[kebab(name)] ?? args[name]
    if (value !== undefined) options[name] = parse(String(value), `--${kebab(name)}`)
  }
  const given = args['strategy-options'] ?? args['strategyOptions']
  return (given === undefined ? options : withStrategyOptions(options, String(given))) as TrainerOptions
}

/** A strategy's name with its options, as the Trainer takes them. */
function withStrategyOptions(options: Record<string, unknown>, given: string): Record<string, unknown> {
  const { strategy } = options
  if (strategy !== undefined) return { ...options, strategy: [strategy, recordFrom(given, '--strategy-options')] }
  throw badFlag('--strategy-options', 'a strategy that has them: --strategy mesh', given)
}

/** `name=value,…`, or JSON where a value is more than a number or a word. */
function recordFrom(given: string, flag: string): Record<string, unknown> {
  if (!given.trimStart().startsWith('{')) return pairsFrom(given, flag)
  try {
    return JSON.parse(given) as Record<string, unknown>
  } catch {
    throw badFlag(flag, 'name=value, several joined by commas, or an object of JSON', given)
  }
}

/** `--hparams learningRate=1e-3,batchSize=32` as a record. Numbers and booleans are recognised. */
export const hparamsFrom = (given: unknown): Record<string, unknown> => pairsFrom(given, '--hparams')

function pairsFrom(given: unknown, flag: string): Record<string, unknown> {
  const pairs: Record<string, unknown> = {}
  for (const pair of [given ?? []].flat().flatMap((item) => String(item).split(','))) {
    const cut = pair.indexOf('=')
    if (cut < 1) throw badFlag(flag, 'name=value, several joined by commas', pair)
    pairs[pair.slice(0, cut)] = scalar(pair.slice(cut + 1))
  }
  return pairs
}

function scalar(value: string): unknown {
  if (value === 'true' || value === 'false') return value === 'true'
  return value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value
}

const badFlag = (name: string, expected: string, found: string): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', { message: `${name} is wrong.`, expected, found: `'${found}'` })
