import type { PureSchedule } from '@levin/core'
import { between, countFrom } from '../options.js'
import { cosineBetween, pureSchedule, type ScheduleOptions } from './pure-schedule.js'

export interface CosineOptions extends ScheduleOptions {
  /** Intervals from 1 to `minFactor`. */
  readonly steps: number
  /** Default 0. */
  readonly minFactor?: number
}

/**
 * Half a cosine wave from 1 down to `minFactor` (Loshchilov & Hutter 2016): PyTorch's `CosineAnnealingLR` up to `steps`.
 * After that it stays, where PyTorch's rises again: a run that goes on longer than planned should not heat up.
 */
export function cosine(options: CosineOptions): PureSchedule {
  return pureSchedule(
    {
      name: 'cosine',
      defaults: { minFactor: 0 },
      rules: { steps: countFrom(1), minFactor: between(0, 1) },
      factor: (t, { steps, minFactor }) => cosineBetween(1, minFactor, Math.min(1, t / steps)),
    },
    options,
  )
}
