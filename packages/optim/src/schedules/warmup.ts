import type { PureSchedule } from '@levin/core'
import { between, checkOptions, countFrom } from '../options.js'
import { asJSON, commonInterval, pureMember } from './nested-schedule.js'
import { interpolate, type ScheduleOptions, scheduleValue, settle } from './pure-schedule.js'

export interface WarmupOptions extends ScheduleOptions {
  /** Intervals until the factor is 1. */
  readonly steps: number
  /** The first factor. Default 1 / (steps + 1): even steps, and a first update that does something. */
  readonly startFactor?: number
  /** What comes then; it counts from the end of the warm-up. Default: nothing, the factor stays 1. */
  readonly after?: PureSchedule
  /** Default `'step'`, or that of `after`. */
  readonly interval?: 'step' | 'epoch'
}

/** A straight line up to the learning rate, and then another schedule: `warmup({ steps: 500, after: cosine({ … }) })`. */
export function warmup({ after, ...options }: WarmupOptions): PureSchedule {
  const name = 'warmup'
  const startFactor = 1 / ((typeof options.steps === 'number' ? options.steps : 0) + 1)
  const rules = { steps: countFrom(1), startFactor: between(0, 1) }
  const settled = settle<Omit<WarmupOptions, 'after'>>(name, { startFactor }, rules, options)
  if (after !== undefined) checkOptions(name, { after }, { after: pureMember })
  const common = commonInterval(name, settled.interval, after ? [after] : [])
  const { steps, startFactor: start } = settled
  const json = {
    steps,
    startFactor: start,
    ...(after && { after: asJSON(after) }),
    interval: common.interval ?? 'step',
  }
  return scheduleValue(name, json, (t) =>
    t < steps ? interpolate(start, 1, t / steps) : (after?.factor(t - steps) ?? 1),
  )
}
