import { describe, LevinError, type PureSchedule } from '@levin/core'
import type { OptionRule } from '../options.js'
import type { ScheduleJSON, ScheduleOptions } from './pure-schedule.js'

const isPure = (value: unknown): value is PureSchedule =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'pure' && 'factor' in value

/** A schedule that answers to a metric has a state, which a pure one around it could not carry. */
export const pureMember: OptionRule = {
  expected: 'a schedule that is a function of time alone (one with feedback cannot be part of another)',
  accepts: isPure,
}

export const pureMembers: OptionRule = {
  expected: 'a list of schedules that are functions of time alone (one with feedback cannot be part of another)',
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(isPure),
}

export const asJSON = ({ name, options }: PureSchedule): ScheduleJSON => ({ name, options })

/**
 * The interval of a schedule made of others: its own, or the one that its members have.
 *
 * @throws LEVIN_BAD_OPTION where they differ: one `t` cannot count both
 */
export function commonInterval(
  name: string,
  own: ScheduleOptions['interval'],
  members: readonly PureSchedule[],
): ScheduleOptions {
  const intervals = new Set([own, ...members.map(({ interval }) => interval)].filter((each) => each !== undefined))
  const [interval] = intervals
  if (intervals.size > 1) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The schedules of ${name} count different things.`,
      expected: "one interval for all, 'step' or 'epoch'",
      found: [...intervals].map(describe).join(' and '),
    })
  }
  return interval === undefined ? {} : { interval }
}
