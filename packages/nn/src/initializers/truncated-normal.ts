import { fillTruncatedNormal, type Initializer } from '@levin/core'
import { badOption, numberWithin } from '../options.js'

export interface TruncatedNormalOptions {
  /** Default 0. */
  readonly mean?: number
  /** Of the normal distribution before truncation. Default 1. */
  readonly standardDeviation?: number
  /** The least value, not a multiple of the deviation. Default -2. */
  readonly low?: number
  /** The greatest value. Default 2. */
  readonly high?: number
}

/** A normal distribution restricted to `[low, high]`: PyTorch's `trunc_normal_`. */
export function truncatedNormal(options: TruncatedNormalOptions = {}): Initializer {
  const { mean = 0, standardDeviation = 1, low = -2, high = 2 } = options
  numberWithin('truncatedNormal', 'mean', mean, {})
  numberWithin('truncatedNormal', 'standardDeviation', standardDeviation, { above: 0 })
  if (!(low < high)) throw badOption('truncatedNormal', 'low', `a number below high (${high})`, low)
  return {
    name: `truncatedNormal(${mean}, ${standardDeviation})`,
    fill: (target, key, layout) => fillTruncatedNormal(target, key, layout, mean, standardDeviation, low, high),
  }
}
