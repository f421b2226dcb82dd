import {
  describe,
  type EpochLogOptions,
  isMetricState,
  LevinError,
  type LogReduction,
  type LogValue,
  type MetricDefinition,
  type Slot,
  type StepLogOptions,
} from '@levin/core'
import { Tensor } from '@tensorflow/tfjs-core'

/** What a name was logged with the first time. */
export interface LogEntry {
  readonly name: string
  readonly onStep: boolean
  readonly onEpoch: boolean
  readonly progressBar: boolean
  readonly logger: boolean
  readonly reduction: LogReduction
  /** For metric states: how they merge and what they come to. */
  readonly metric: MetricDefinition | undefined
  /** The newest value. */
  readonly stepSlot: Slot | undefined
  /** Everything since the epoch began. */
  readonly epochSlot: Slot | undefined
}

/** What a place in the run logs by default. */
export interface LogDefaults {
  readonly onStep: boolean
  readonly onEpoch: boolean
  /** Whether a value of one step means anything here. */
  readonly stepAllowed: boolean
}

export const TRAINING_STEP: LogDefaults = { onStep: true, onEpoch: false, stepAllowed: true }
export const EVALUATION_STEP: LogDefaults = { onStep: false, onEpoch: true, stepAllowed: true }
export const EPOCH: LogDefaults = { onStep: false, onEpoch: true, stepAllowed: false }

type Settings = Omit<LogEntry, 'stepSlot' | 'epochSlot'>

export function entrySettings(
  name: string,
  value: LogValue,
  options: StepLogOptions | EpochLogOptions,
  defaults: LogDefaults,
): Settings {
  const { onStep = defaults.onStep, onEpoch = defaults.onEpoch } = options as StepLogOptions
  requireLoggable(name, value)
  if (onStep && !defaults.stepAllowed) {
    throw new LevinError('LEVIN_LOG', {
      message: `'${name}' cannot be logged with onStep here: there is no step.`,
      remedy: 'Log it without onStep.',
    })
  }
  if (!onStep && !onEpoch) {
    throw new LevinError('LEVIN_LOG', {
      message: `'${name}' would never be logged: onStep and onEpoch are both false.`,
      remedy: 'Set one of them.',
    })
  }
  return {
    name,
    onStep,
    onEpoch,
    progressBar: options.progressBar ?? false,
    logger: options.logger ?? true,
    reduction: options.reduction ?? 'mean',
    metric: isMetricState(value) ? value.metric : undefined,
  }
}

const REDUCTIONS: ReadonlySet<string> = new Set(['mean', 'sum', 'min', 'max'])

/** A name keeps the way in which it was first logged: a mixture could not be reduced. */
export function requireSame(entry: LogEntry, value: LogValue, options: StepLogOptions | EpochLogOptions): void {
  const given: StepLogOptions = options
  const metric = isMetricState(value) ? value.metric : undefined
  const changed =
    (given.onStep !== undefined && given.onStep !== entry.onStep && 'onStep') ||
    (given.onEpoch !== undefined && given.onEpoch !== entry.onEpoch && 'onEpoch') ||
    (given.reduction !== undefined && given.reduction !== entry.reduction && 'reduction') ||
    ((metric?.name !== entry.metric?.name || metric?.size !== entry.metric?.size) && 'kind of value')
  if (!changed) return
  throw new LevinError('LEVIN_LOG', {
    message: `'${entry.name}' was logged before with another ${changed}.`,
    remedy: 'Log it in one way, or under two names.',
  })
}

function requireLoggable(name: string, value: LogValue): void {
  if (typeof name !== 'string' || !name)
    throw new LevinError('LEVIN_LOG', { expected: 'a name to log under', found: describe(name) })
  if (typeof value === 'number' || isMetricState(value)) return
  if (value instanceof Tensor && value.size === 1) return
  throw new LevinError('LEVIN_LOG', {
    message: `'${name}' cannot be logged.`,
    expected: 'a number, a scalar tensor or a metric state',
    found: describe(value),
    remedy: 'Reduce it first, for example by tf.mean().',
  })
}

export function requireReduction(name: string, reduction: string | undefined): void {
  if (reduction === undefined || REDUCTIONS.has(reduction)) return
  throw new LevinError('LEVIN_LOG', {
    message: `'${name}' cannot be reduced this way.`,
    expected: "'mean', 'sum', 'min' or 'max'",
    found: describe(reduction),
  })
}
