import type { FeedbackSchedule, FeedbackState } from '@levin/core'
import { between, countFrom, nonNegative, oneOf } from '../options.js'
import { type ScheduleOptions, type Settled, settle } from './pure-schedule.js'

export interface ReduceOnPlateauOptions extends ScheduleOptions {
  /** Whether the metric should fall or rise. Default `'min'`. */
  readonly mode?: 'min' | 'max'
  /** What each reduction multiplies by; below 1. Default 0.1. */
  readonly factor?: number
  /** How many values without improvement are borne; the next one reduces. Default 10. */
  readonly patience?: number
  /** What counts as an improvement. Default 1e-4. */
  readonly threshold?: number
  /** Whether the threshold is a share of the best value or a difference to it. Default `'rel'`. */
  readonly thresholdMode?: 'rel' | 'abs'
  /** Values after a reduction that are not held against it. Default 0. */
  readonly cooldown?: number
  /** No reduction goes below this factor. Default 0. */
  readonly minFactor?: number
  /** A reduction that changes the factor by no more than this is left out. Default 1e-8. */
  readonly epsilon?: number
}

interface PlateauState extends FeedbackState {
  /** The best value so far; `null` before the first (JSON has no infinity). */
  readonly best: number | null
  readonly badValues: number
  readonly cooldown: number
}

type Options = Settled<ReduceOnPlateauOptions>

const LOWEST_FACTOR = between(0, 1)

/** Lower the learning rate when a metric stops improving: PyTorch's `ReduceLROnPlateau`, in factors instead of rates. */
export function reduceOnPlateau(options: ReduceOnPlateauOptions = {}): FeedbackSchedule {
  const settled = settle<ReduceOnPlateauOptions>(
    'reduceOnPlateau',
    {
      mode: 'min',
      factor: 0.1,
      patience: 10,
      threshold: 1e-4,
      thresholdMode: 'rel',
      cooldown: 0,
      minFactor: 0,
      epsilon: 1e-8,
    },
    {
      mode: oneOf('min', 'max'),
      factor: {
        expected: 'a number in [0, 1): a factor of 1 or more would not reduce',
        accepts: (value) => LOWEST_FACTOR.accepts(value) && value !== 1,
      },
      patience: countFrom(0),
      threshold: nonNegative,
      thresholdMode: oneOf('rel', 'abs'),
      cooldown: countFrom(0),
      minFactor: LOWEST_FACTOR,
      epsilon: nonNegative,
    },
    options,
  )
  const { interval } = settled
  return Object.freeze({
    kind: 'feedback',
    name: 'reduceOnPlateau',
    options: { ...settled },
    ...(interval === undefined ? {} : { interval }),
    initialState: (): PlateauState => ({ factor: 1, best: null, badValues: 0, cooldown: 0 }),
    observe: (state: FeedbackState, metric: number) => observe(state as PlateauState, metric, settled),
  })
}

function observe(state: PlateauState, metric: number, options: Options): PlateauState {
  const better = isBetter(metric, state.best, options)
  const best = better ? finite(metric) : state.best
  const cooling = state.cooldown > 0
  const badValues = better || cooling ? 0 : state.badValues + 1
  const cooldown = cooling ? state.cooldown - 1 : 0
  if (badValues <= options.patience) return { factor: state.factor, best, badValues, cooldown }
  const reduced = Math.max(state.factor * options.factor, options.minFactor)
  const factor = state.factor - reduced > options.epsilon ? reduced : state.factor
  return { factor, best, badValues: 0, cooldown: options.cooldown }
}

/** NaN is never better: a run that diverged is a run that does not improve. */
function isBetter(metric: number, best: number | null, { mode, threshold, thresholdMode }: Options): boolean {
  if (mode === 'min') {
    if (best === null) return metric < Infinity
    return metric < (thresholdMode === 'rel' ? best * (1 - threshold) : best - threshold)
  }
  if (best === null) return metric > -Infinity
  return metric > (thresholdMode === 'rel' ? best * (1 + threshold) : best + threshold)
}

const finite = (value: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value))
