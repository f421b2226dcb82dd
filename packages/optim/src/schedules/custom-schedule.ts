import { describe, LevinError, type PureSchedule } from '@levin/core'
import { checkOptions, oneOf } from '../options.js'
import { type ScheduleOptions, scheduleValue } from './pure-schedule.js'

export interface CustomScheduleOptions extends ScheduleOptions {
  /** JSON that the schedule is made of, for `scheduleFromJSON`. Default: nothing. */
  readonly options?: Readonly<Record<string, unknown>>
}

/**
 * A schedule of your own: PyTorch's `LambdaLR`.
 *
 * A function is not JSON. Training and resuming do not need it to be, since the module makes its schedules anew; only
 * `scheduleFromJSON` does, which takes the makers of such schedules as its second argument.
 *
 * @param name what it is called in JSON and in errors
 * @param factor pure: the same `t` has to give the same factor, now and after a resume
 */
export function customSchedule(
  name: string,
  factor: (t: number) => number,
  { interval, options = {} }: CustomScheduleOptions = {},
): PureSchedule {
  if (typeof name !== 'string' || name === '' || typeof factor !== 'function') {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: 'customSchedule cannot be made of this.',
      expected: 'a name and a function of t',
      found: `${describe(name)} and ${describe(factor)}`,
    })
  }
  if (interval !== undefined) checkOptions(name, { interval }, { interval: oneOf('step', 'epoch') })
  const settled = Object.freeze({ ...options, ...(interval === undefined ? {} : { interval }) })
  return scheduleValue(name, settled, (t) => {
    const value = factor(t)
    if (Number.isFinite(value)) return value
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The schedule '${name}' has no factor at t = ${t}.`,
      expected: 'a finite number',
      found: describe(value),
    })
  })
}
