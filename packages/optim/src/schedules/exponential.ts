import type { PureSchedule } from '@levin/core'
import { nonNegative } from '../options.js'
import { pureSchedule, type ScheduleOptions } from './pure-schedule.js'

export interface ExponentialOptions extends ScheduleOptions {
  /** What each interval multiplies by. */
  readonly gamma: number
}

/** A decay in every interval: PyTorch's `ExponentialLR`. */
export function exponential(options: ExponentialOptions): PureSchedule {
  return pureSchedule(
    {
      name: 'exponential',
      defaults: {},
      rules: { gamma: nonNegative },
      factor: (t, { gamma }) => gamma ** t,
    },
    options,
  )
}
