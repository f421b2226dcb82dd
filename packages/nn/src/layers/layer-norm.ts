import { type Initializer, ones, Parameter, type StepContext, zeros } from '@levin/core'
import { layerNorm as layerNormOp } from '@levin/ops'
import type { Tensor } from '@tensorflow/tfjs-core'
import { checkInput, type InputPattern } from '../check-input.js'
import { badOption, numberWithin, wholeNumber } from '../options.js'
import { requireStretch } from '../parallel/refusals.js'
import { RankPreservingLayer } from '../rank-preserving-layer.js'

export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number
  /** Whether to scale by learnt numbers. Default `true`. */
  readonly affine?: boolean
  /** Whether to shift by learnt numbers. Default: as `affine`. */
  readonly bias?: boolean
  /** Default: 1. */
  readonly weightInitializer?: Initializer
  /** Default: 0. */
  readonly biasInitializer?: Initializer
}

/** Normalises the last axes of each sample to mean 0 and variance 1. Ba et al. 2016. */
export class LayerNorm extends RankPreservingLayer {
  /** Sizes of the axes that are normalised together. */
  readonly shape: readonly number[]
  readonly epsilon: number
  /** Of `shape`. */
  readonly weight: Parameter | undefined
  /** Of `shape`. */
  readonly bias: Parameter | undefined
  readonly #pattern: InputPattern

  constructor(shape: number | readonly number[], options: LayerNormOptions = {}) {
    super()
    const { epsilon = 1e-5, affine = true, bias = affine, weightInitializer, biasInitializer } = options
    this.shape = typeof shape === 'number' ? [shape] : [...shape]
    if (this.shape.length === 0) throw badOption('layerNorm', 'shape', 'at least one size', shape)
    for (const size of this.shape) wholeNumber('layerNorm', 'shape', size)
    this.epsilon = numberWithin('layerNorm', 'epsilon', epsilon, { from: 0 })
    const vector = { decay: false }
    this.weight = affine ? new Parameter(this.shape, weightInitializer ?? ones(), vector) : undefined
    this.bias = bias ? new Parameter(this.shape, biasInitializer ?? zeros(), vector) : undefined
    this.#pattern = { axes: this.shape, leading: true }
  }

  compute(x: Tensor, step: StepContext): Tensor {
    checkInput(this, x, this.#pattern)
    requireStretch(this, x, step)
    return layerNormOp(x, this.weight?.value, this.bias?.value, { epsilon: this.epsilon, axes: this.shape.length })
  }

  override describe(): string {
    return `LayerNorm(${this.shape.join('×')})`
  }
}

/**
 * Layer normalisation of the last axes.
 *
 * @param shape their sizes; a number for the last axis alone
 * @throws LEVIN_BAD_OPTION for options outside their range
 */
export const layerNorm = (shape: number | readonly number[], options?: LayerNormOptions): LayerNorm =>
  new LayerNorm(shape, options)
