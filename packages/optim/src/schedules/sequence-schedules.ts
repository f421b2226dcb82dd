import { LevinError, type PureSchedule } from '@levin/core'
import { risingTimes } from '../options.js'
import { asJSON, commonInterval, pureMembers } from './nested-schedule.js'
import { type ScheduleOptions, scheduleValue, settle } from './pure-schedule.js'

export interface SequenceSchedulesOptions extends ScheduleOptions {
  readonly schedules: readonly PureSchedule[]
  /** When each schedule but the first takes over, in intervals, rising. */
  readonly milestones: readonly number[]
}

/** One schedule after the other, each of which counts from its own start: PyTorch's `SequentialLR`. */
export function sequenceSchedules(options: SequenceSchedulesOptions): PureSchedule {
  const name = 'sequenceSchedules'
  const rules = { schedules: pureMembers, milestones: risingTimes }
  const { schedules, milestones, interval } = settle<SequenceSchedulesOptions>(name, {}, rules, options)
  if (milestones.length !== schedules.length - 1) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The option \`milestones\` of ${name} is wrong.`,
      expected: `one for each of the ${schedules.length} schedules but the first`,
      found: `${milestones.length}`,
    })
  }
  const settled = { schedules: schedules.map(asJSON), milestones, ...commonInterval(name, interval, schedules) }
  return scheduleValue(name, settled, (t) => {
    const index = milestones.filter((milestone) => milestone <= t).length
    return (schedules[index] as PureSchedule).factor(t - (milestones[index - 1] ?? 0))
  })
}
