import type { StepContext } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { checkInput } from '../check-input.js'
import { keyedDropout } from '../keyed-dropout.js'
import { numberWithin } from '../options.js'
import { carryPart } from '../parallel/feature-part.js'
import { RankPreservingLayer } from '../rank-preserving-layer.js'

const PATTERN = { axes: ['batch'], leading: true }

/**
 * In training, sets elements to zero at random and scales the rest by `1 / (1 - rate)`. Srivastava et al. 2014.
 *
 * What is dropped is a function of seed, path, step and the global index of the sample: neither accumulation nor
 * sharding changes it. So the first axis must be that of the samples, and where ranks have stretches of sequences, the second
 * that of the positions.
 */
export class Dropout extends RankPreservingLayer {
  readonly rate: number

  constructor(rate = 0.5) {
    super()
    this.rate = numberWithin('dropout', 'rate', rate, { from: 0, to: 1 })
  }

  compute(x: Tensor, step: StepContext): Tensor {
    checkInput(this, x, PATTERN)
    if (!step.training || this.rate === 0) return x
    const y = keyedDropout(x, this.rate, this.path, step)
    return step.sharing?.tensor ? carryPart(x, y) : y
  }

  override describe(): string {
    return `Dropout(${this.rate})`
  }
}

/**
 * Dropout in training, nothing otherwise.
 *
 * @param rate share of elements that are dropped, 0 to 1. Default 0.5.
 * @throws LEVIN_BAD_OPTION for another rate
 */
export const dropout = (rate?: number): Dropout => new Dropout(rate)
