import type { PureSchedule } from '@levin/core'
import { nonNegative, risingTimes } from '../options.js'
import { pureSchedule, type ScheduleOptions } from './pure-schedule.js'

export interface MultiStepOptions extends ScheduleOptions {
  /** When to decay, in intervals, rising. A time that is listed twice decays twice. */
  readonly milestones: readonly number[]
  /** What each decay multiplies by. Default 0.1. */
  readonly gamma?: number
}

/** A decay at each milestone: PyTorch's `MultiStepLR`. */
export function multiStep(options: MultiStepOptions): PureSchedule {
  return pureSchedule(
    {
      name: 'multiStep',
      defaults: { gamma: 0.1 },
      rules: { milestones: risingTimes, gamma: nonNegative },
      factor: (t, { milestones, gamma }) => gamma ** milestones.filter((milestone) => milestone <= t).length,
    },
    options,
  )
}
