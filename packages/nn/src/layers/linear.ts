import { type Initializer, Parameter, type StepContext, uniform, unknownStyle } from '@levin/core'
import { linear as linearOp } from '@levin/ops'
import type { Rank, Tensor } from '@tensorflow/tfjs-core'
import { checkInput, type InputPattern } from '../check-input.js'
import { kaimingUniform } from '../initializers/kaiming.js'
import { wholeNumber } from '../options.js'
import { isLinearStyle, LINEAR_STYLES, type LinearStyle } from '../parallel/linear-styles.js'
import { requireStretch } from '../parallel/refusals.js'
import { sharedLinear } from '../parallel/shared-linear.js'
import { RankPreservingLayer } from '../rank-preserving-layer.js'

export interface LinearOptions {
  /** Default `true`. */
  readonly bias?: boolean
  /** Default: Kaiming uniform with a = √5, that is U(±1/√in), as in PyTorch. */
  readonly weightInitializer?: Initializer
  /** Default: U(±1/√in), as in PyTorch. */
  readonly biasInitializer?: Initializer
  /** How ranks share the layer under tensor parallelism, as {@link Linear.share} does. Default: each computes all of it. */
  readonly parallel?: LinearStyle
}

/** What a layer that is made of linear layers tells them. */
interface Place {
  /** Outputs of a column layer, or inputs of a row layer, that stay together on one rank: those of a head. */
  readonly unit: number
  /** Whether what the layer is given has entered already, by `enterShared`. */
  readonly isEntered?: () => boolean
}

/** An affine map of the last axis: `x · weight + bias`. `[..., in]` to `[..., out]`. */
export class Linear extends RankPreservingLayer {
  readonly inFeatures: number
  readonly outFeatures: number
  /** `[in, out]` */
  readonly weight: Parameter<Rank.R2>
  /** `[out]` */
  readonly bias: Parameter<Rank.R1> | undefined
  readonly #pattern: InputPattern
  #parallel: LinearStyle | undefined
  #place: Place = { unit: 1 }

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super()
    this.inFeatures = wholeNumber('linear', 'in', inFeatures)
    this.outFeatures = wholeNumber('linear', 'out', outFeatures)
    const bound = 1 / Math.sqrt(inFeatures)
    const { bias = true, weightInitializer, biasInitializer = uniform(-bound, bound) } = options
    this.weight = new Parameter([inFeatures, outFeatures], weightInitializer ?? kaimingUniform({ a: Math.sqrt(5) }))
    this.bias = bias ? new Parameter([outFeatures], biasInitializer) : undefined
    this.#pattern = { axes: [inFeatures], leading: true }
    if (options.parallel !== undefined) this.share(options.parallel)
  }

  /** How ranks share it; `undefined` where each computes all of it. */
  get parallel(): LinearStyle | undefined {
    return this.#parallel
  }

  /**
   * Divides the weight among the ranks of the tensor axis: `'column'` and `'gatheredColumn'` and `'vocabulary'` by outputs, `'row'`
   * by inputs. On one device nothing changes.
   *
   * @throws LEVIN_NOT_SUPPORTED for another style
   */
  override share(style: string): void {
    if (!isLinearStyle(style)) throw unknownStyle(this, style, Object.keys(LINEAR_STYLES))
    const { axis } = LINEAR_STYLES[style]
    const { unit } = this.#place
    this.#parallel = style
    this.weight.split = { axis, unit }
    if (this.bias) this.bias.split = axis === 1 ? { axis: 0, unit } : undefined
  }

  /** @internal Told by the layer that it is a part of, when that is made. */
  placeWithin(place: Place): void {
    this.#place = place
  }

  /** @internal */
  get isEntered(): boolean {
    return this.#place.isEntered?.() ?? false
  }

  compute(x: Tensor, step: StepContext): Tensor {
    const ranks = step.sharing?.tensor
    if (this.#parallel && ranks) return sharedLinear(this, this.#parallel, x, step, ranks)
    checkInput(this, x, this.#pattern)
    requireStretch(this, x, step)
    return linearOp(x, this.weight.value, this.bias?.value)
  }

  override describe(): string {
    const style = this.#parallel ? `, ${this.#parallel}` : ''
    return `Linear(${this.inFeatures} → ${this.outFeatures}${style})`
  }
}

/**
 * A fully connected layer: `x · weight + bias` over the last axis.
 *
 * @param inFeatures size of the last axis of the input
 * @param outFeatures size of the last axis of the output
 * @throws LEVIN_BAD_OPTION for sizes that are no whole numbers of at least 1
 */
export const linear = (inFeatures: number, outFeatures: number, options?: LinearOptions): Linear =>
  new Linear(inFeatures, outFeatures, options)
