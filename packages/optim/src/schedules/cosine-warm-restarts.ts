import type { PureSchedule } from '@levin/core'
import { between, countFrom } from '../options.js'
import { cosineBetween, pureSchedule, type ScheduleOptions } from './pure-schedule.js'

export interface CosineWarmRestartsOptions extends ScheduleOptions {
  /** Intervals until the first restart. */
  readonly period: number
  /** What each restart multiplies the period by; a whole number. Default 1. */
  readonly periodFactor?: number
  /** Where each period ends. Default 0. */
  readonly minFactor?: number
}

/** SGDR (Loshchilov & Hutter 2016), cosine waves that start again: PyTorch's `CosineAnnealingWarmRestarts`. */
export function cosineWarmRestarts(options: CosineWarmRestartsOptions): PureSchedule {
  return pureSchedule(
    {
      name: 'cosineWarmRestarts',
      defaults: { periodFactor: 1, minFactor: 0 },
      rules: { period: countFrom(1), periodFactor: countFrom(1), minFactor: between(0, 1) },
      factor: (t, options) => cosineBetween(1, options.minFactor, shareOfPeriod(t, options)),
    },
    options,
  )
}

function shareOfPeriod(t: number, { period, periodFactor }: { period: number; periodFactor: number }): number {
  if (periodFactor === 1) return (t % period) / period
  // By repetition and not by a logarithm, which is off by one where t is the start of a period.
  let start = 0
  let length = period
  while (t >= start + length) {
    start += length
    length *= periodFactor
  }
  return (t - start) / length
}
