import type { PureSchedule } from '@levin/core'
import { checkOptions, type OptionRule, oneOf, requireObject } from '../options.js'

/** Options that every schedule has. */
export interface ScheduleOptions {
  /** What `t` counts: updates or epochs. Default: what the Trainer is told, and `'epoch'` without that. */
  readonly interval?: 'step' | 'epoch'
}

/** A schedule as JSON: what `scheduleFromJSON` makes it of again. */
export interface ScheduleJSON {
  readonly name: string
  readonly options: Readonly<Record<string, unknown>>
}

/** The options of a schedule with its defaults filled in. */
export type Settled<O extends ScheduleOptions> = Required<Omit<O, 'interval'>> & ScheduleOptions

/** What makes one schedule. */
export interface ScheduleForm<O extends ScheduleOptions> {
  readonly name: string
  /** For what may be left out. */
  readonly defaults: Partial<O>
  readonly rules: Readonly<Record<Exclude<keyof O & string, 'interval'>, OptionRule>>
  factor(t: number, options: Settled<O>): number
}

/**
 * Checks the options of a schedule and makes its value.
 *
 * @throws LEVIN_BAD_OPTION
 */
export function pureSchedule<O extends ScheduleOptions>(form: ScheduleForm<O>, given: O): PureSchedule {
  const options = settle<O>(form.name, form.defaults, form.rules, given)
  return scheduleValue(form.name, options, (t) => form.factor(t, options))
}

/** Options checked and completed. One without a default has to be there. */
export function settle<O extends ScheduleOptions>(
  name: string,
  defaults: Partial<O>,
  rules: ScheduleForm<O>['rules'],
  given: O,
): Settled<O> {
  requireObject(name, given)
  const blank = Object.fromEntries(Object.keys(rules).map((option) => [option, undefined]))
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const { interval, ...options } = { ...blank, ...defaults, ...present } as Record<string, unknown>
  checkOptions(name, options, rules)
  if (interval !== undefined) checkOptions(name, { interval }, { interval: oneOf('step', 'epoch') })
  return Object.freeze({ ...options, ...(interval === undefined ? {} : { interval }) }) as Settled<O>
}

export function scheduleValue(
  name: string,
  options: Readonly<Record<string, unknown>> & ScheduleOptions,
  factor: (t: number) => number,
): PureSchedule {
  const { interval } = options
  return Object.freeze({ kind: 'pure', name, options, ...(interval === undefined ? {} : { interval }), factor })
}

/** The straight way from one factor to another, at `share` of it. */
export const interpolate = (from: number, to: number, share: number): number => from + (to - from) * share

/** Half a cosine wave from one factor to another, at `share` of it. */
export const cosineBetween = (from: number, to: number, share: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2
