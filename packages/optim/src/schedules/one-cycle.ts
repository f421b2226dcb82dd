import type { PureSchedule } from '@levin/core'
import { between, countFrom, flag, oneOf, positive } from '../options.js'
import { cosineBetween, interpolate, pureSchedule, type ScheduleOptions, type Settled } from './pure-schedule.js'

export interface OneCycleOptions extends ScheduleOptions {
  /** Intervals of the whole cycle: all updates of the run. */
  readonly steps: number
  /** Share of the cycle in which the learning rate rises. Default 0.3. */
  readonly pctStart?: number
  /** Default `'cos'`. */
  readonly annealStrategy?: 'cos' | 'linear'
  /** The cycle starts at 1 / divFactor. Default 25. */
  readonly divFactor?: number
  /** It ends at 1 / (divFactor · finalDivFactor). Default 1e4. */
  readonly finalDivFactor?: number
  /** Fall as long as it rose, to where it started, and only then to the end. Default `false`. */
  readonly threePhase?: boolean
  /** Default `'step'`. */
  readonly interval?: 'step' | 'epoch'
}

interface Phase {
  readonly end: number
  readonly from: number
  readonly to: number
}

/**
 * The 1cycle policy (Smith & Topin 2018): PyTorch's `OneCycleLR` without its cycle of momentum. The group's learning
 * rate is the highest of the cycle (`max_lr`). After the cycle its end stays.
 */
export function oneCycle(options: OneCycleOptions): PureSchedule {
  return pureSchedule(
    {
      name: 'oneCycle',
      defaults: {
        pctStart: 0.3,
        annealStrategy: 'cos',
        divFactor: 25,
        finalDivFactor: 1e4,
        threePhase: false,
        interval: 'step',
      },
      rules: {
        steps: countFrom(1),
        pctStart: between(0, 1),
        annealStrategy: oneOf('cos', 'linear'),
        divFactor: positive,
        finalDivFactor: positive,
        threePhase: flag,
      },
      factor,
    },
    options,
  )
}

function factor(t: number, options: Settled<OneCycleOptions>): number {
  const anneal = options.annealStrategy === 'cos' ? cosineBetween : interpolate
  let start = 0
  let last = 1
  for (const { end, from, to } of phasesOf(options)) {
    last = to
    if (t <= end) return end > start ? anneal(from, to, (t - start) / (end - start)) : to
    start = end
  }
  return last
}

function phasesOf({ steps, pctStart, divFactor, finalDivFactor, threePhase }: Settled<OneCycleOptions>): Phase[] {
  const initial = 1 / divFactor
  const final = initial / finalDivFactor
  const top = pctStart * steps - 1
  const rise = { end: top, from: initial, to: 1 }
  if (!threePhase) return [rise, { end: steps - 1, from: 1, to: final }]
  return [rise, { end: 2 * top, from: 1, to: initial }, { end: steps - 1, from: initial, to: final }]
}
