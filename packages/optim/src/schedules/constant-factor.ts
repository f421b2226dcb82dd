import type { PureSchedule } from '@levin/core'
import { countFrom, nonNegative } from '../options.js'
import { pureSchedule, type ScheduleOptions } from './pure-schedule.js'

export interface ConstantFactorOptions extends ScheduleOptions {
  /** Default 1: the learning rate as it is. */
  readonly factor?: number
  /** After so many intervals the factor is 1. Default 0: it never changes. */
  readonly steps?: number
}

/** A fixed factor, for some time or for good: PyTorch's `ConstantLR`. */
export function constantFactor(options: ConstantFactorOptions = {}): PureSchedule {
  return pureSchedule(
    {
      name: 'constantFactor',
      defaults: { factor: 1, steps: 0 },
      rules: { factor: nonNegative, steps: countFrom(0) },
      factor: (t, { factor, steps }) => (steps === 0 || t < steps ? factor : 1),
    },
    options,
  )
}
