import type { PureSchedule } from '@levin/core'
import { countFrom, nonNegative } from '../options.js'
import { interpolate, pureSchedule, type ScheduleOptions } from './pure-schedule.js'

export interface LinearRampOptions extends ScheduleOptions {
  /** Intervals from start to end. */
  readonly steps: number
  /** Default 1. */
  readonly startFactor?: number
  /** Default 1. */
  readonly endFactor?: number
}

/** A straight line from one factor to another, which then stays: PyTorch's `LinearLR`. Up or down. */
export function linearRamp(options: LinearRampOptions): PureSchedule {
  return pureSchedule(
    {
      name: 'linearRamp',
      defaults: { startFactor: 1, endFactor: 1 },
      rules: { steps: countFrom(1), startFactor: nonNegative, endFactor: nonNegative },
      factor: (t, { steps, startFactor, endFactor }) => interpolate(startFactor, endFactor, Math.min(1, t / steps)),
    },
    options,
  )
}
