import type { StepContext } from '@levin/core'
import {
  elu as eluOp,
  gelu as geluOp,
  leakyRelu as leakyReluOp,
  relu as reluOp,
  sigmoid as sigmoidOp,
  silu as siluOp,
  softplus as softplusOp,
  tanh as tanhOp,
} from '@levin/ops'
import { logSoftmax as logSoftmaxOp, softmax as softmaxOp, type Tensor } from '@tensorflow/tfjs-core'
import { checkInput } from '../check-input.js'
import { badOption, numberWithin } from '../options.js'
import { carryPart, isParted } from '../parallel/feature-part.js'
import { refuseParted } from '../parallel/refusals.js'
import { RankPreservingLayer } from '../rank-preserving-layer.js'

/** A function of each element, or of each vector along the last axis. */
export class Activation extends RankPreservingLayer {
  readonly #name: string
  readonly #f: (x: Tensor) => Tensor
  readonly #pattern
  readonly #isAlongLast: boolean

  /**
   * @param name as the summary shows it
   * @param leastRank 1 for functions along the last axis
   */
  constructor(name: string, f: (x: Tensor) => Tensor, leastRank: 0 | 1 = 0) {
    super()
    this.#name = name
    this.#f = f
    this.#isAlongLast = leastRank === 1
    this.#pattern = { axes: leastRank === 0 ? [] : ['features'], leading: true }
  }

  compute(x: Tensor, step: StepContext): Tensor {
    checkInput(this, x, this.#pattern)
    if (!step.sharing?.tensor) return this.#f(x)
    if (this.#isAlongLast && isParted(x)) throw refuseParted(this)
    return carryPart(x, this.#f(x))
  }

  override describe(): string {
    return this.#name
  }
}

/** `max(x, 0)` */
export const relu = (): Activation => new Activation('Relu', reluOp)

/**
 * `x` where positive, `negativeSlope · x` elsewhere.
 *
 * @param negativeSlope 0 or more. Default 0.01.
 */
export function leakyRelu(negativeSlope = 0.01): Activation {
  numberWithin('leakyRelu', 'negativeSlope', negativeSlope, { from: 0 })
  return new Activation(`LeakyRelu(${negativeSlope})`, (x) => leakyReluOp(x, negativeSlope))
}

export interface GeluOptions {
  /** `'none'`: exact, by the error function. `'tanh'`: the approximation of GPT-2. Default `'none'`. */
  readonly approximate?: 'none' | 'tanh'
}

/** Gaussian error linear unit, `x · Φ(x)`. Hendrycks & Gimpel 2016. */
export function gelu({ approximate = 'none' }: GeluOptions = {}): Activation {
  if (approximate !== 'none' && approximate !== 'tanh') {
    throw badOption('gelu', 'approximate', "'none' or 'tanh'", approximate)
  }
  return new Activation(approximate === 'none' ? 'Gelu' : 'Gelu(tanh)', (x) => geluOp(x, { approximate }))
}

/** `x · sigmoid(x)`, also called swish. */
export const silu = (): Activation => new Activation('Silu', siluOp)

/**
 * `x` where positive, `alpha · (exp(x) - 1)` elsewhere. Clevert et al. 2015.
 *
 * @param alpha above 0. Default 1.
 */
export function elu(alpha = 1): Activation {
  numberWithin('elu', 'alpha', alpha, { above: 0 })
  return new Activation(alpha === 1 ? 'Elu' : `Elu(${alpha})`, (x) => eluOp(x, alpha))
}

/** `1 / (1 + exp(-x))` */
export const sigmoid = (): Activation => new Activation('Sigmoid', sigmoidOp)

/** Hyperbolic tangent. */
export const tanh = (): Activation => new Activation('Tanh', tanhOp)

/** `log(1 + exp(x))` */
export const softplus = (): Activation => new Activation('Softplus', softplusOp)

/** Probabilities along the last axis. Losses that take logits need none. */
export const softmax = (): Activation => new Activation('Softmax', (x) => softmaxOp(x), 1)

/** Logarithms of the probabilities along the last axis. */
export const logSoftmax = (): Activation => new Activation('LogSoftmax', (x) => logSoftmaxOp(x), 1)
