import type { PureSchedule } from '@levin/core'
import { between, countFrom, positive } from '../options.js'
import { interpolate, pureSchedule, type ScheduleOptions } from './pure-schedule.js'

export interface PolynomialOptions extends ScheduleOptions {
  /** Intervals until the factor is `minFactor`, which it then stays. */
  readonly steps: number
  /** Default 1: a straight line. */
  readonly power?: number
  /** Default 0. */
  readonly minFactor?: number
}

/** A decay from 1 by a power of the time that is left: PyTorch's `PolynomialLR`. */
export function polynomial(options: PolynomialOptions): PureSchedule {
  return pureSchedule(
    {
      name: 'polynomial',
      defaults: { power: 1, minFactor: 0 },
      rules: { steps: countFrom(1), power: positive, minFactor: between(0, 1) },
      factor: (t, { steps, power, minFactor }) => interpolate(minFactor, 1, (1 - Math.min(1, t / steps)) ** power),
    },
    options,
  )
}
