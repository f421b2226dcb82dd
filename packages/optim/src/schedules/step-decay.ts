import type { PureSchedule } from '@levin/core'
import { countFrom, nonNegative } from '../options.js'
import { pureSchedule, type ScheduleOptions } from './pure-schedule.js'

export interface StepDecayOptions extends ScheduleOptions {
  /** Intervals between two decays. */
  readonly stepSize: number
  /** What each decay multiplies by. Default 0.1. */
  readonly gamma?: number
}

/** A decay every `stepSize` intervals: PyTorch's `StepLR`. */
export function stepDecay(options: StepDecayOptions): PureSchedule {
  return pureSchedule(
    {
      name: 'stepDecay',
      defaults: { gamma: 0.1 },
      rules: { stepSize: countFrom(1), gamma: nonNegative },
      factor: (t, { stepSize, gamma }) => gamma ** Math.floor(t / stepSize),
    },
    options,
  )
}
