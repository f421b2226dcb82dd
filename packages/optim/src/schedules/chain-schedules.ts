import type { PureSchedule } from '@levin/core'
import { asJSON, commonInterval, pureMembers } from './nested-schedule.js'
import { type ScheduleOptions, scheduleValue, settle } from './pure-schedule.js'

export interface ChainSchedulesOptions extends ScheduleOptions {
  readonly schedules: readonly PureSchedule[]
}

/** Several schedules at once: the product of their factors. PyTorch's `ChainedScheduler`. */
export function chainSchedules(options: ChainSchedulesOptions): PureSchedule {
  const name = 'chainSchedules'
  const { schedules, interval } = settle<ChainSchedulesOptions>(name, {}, { schedules: pureMembers }, options)
  const settled = { schedules: schedules.map(asJSON), ...commonInterval(name, interval, schedules) }
  return scheduleValue(name, settled, (t) => schedules.reduce((product, schedule) => product * schedule.factor(t), 1))
}
