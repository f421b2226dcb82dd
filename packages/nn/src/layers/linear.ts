import { type Initializer, Parameter, type StepContext, uniform } from '@levin/core'
import { linear as linearOp } from '@levin/ops'
import type { Rank, Tensor } from '@tensorflow/tfjs-core'
import { checkInput, type InputPattern } from '../check-input.js'
import { kaimingUniform } from '../initializers/kaiming.js'
import { wholeNumber } from '../options.js'
import { RankPreservingLayer } from '../rank-preserving-layer.js'

export interface LinearOptions {
  /** Default `true`. */
  readonly bias?: boolean
  /** Default: Kaiming uniform with a = √5, that is U(±1/√in), as in PyTorch. */
  readonly weightInitializer?: Initializer
  /** Default: U(±1/√in), as in PyTorch. */
  readonly biasInitializer?: Initializer
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

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super()
    this.inFeatures = wholeNumber('linear', 'in', inFeatures)
    this.outFeatures = wholeNumber('linear', 'out', outFeatures)
    const bound = 1 / Math.sqrt(inFeatures)
    const { bias = true, weightInitializer, biasInitializer = uniform(-bound, bound) } = options
    this.weight = new Parameter([inFeatures, outFeatures], weightInitializer ?? kaimingUniform({ a: Math.sqrt(5) }))
    this.bias = bias ? new Parameter([outFeatures], biasInitializer) : undefined
    this.#pattern = { axes: [inFeatures], leading: true }
  }

  compute(x: Tensor, _step: StepContext): Tensor {
    checkInput(this, x, this.#pattern)
    return linearOp(x, this.weight.value, this.bias?.value)
  }

  override describe(): string {
    return `Linear(${this.inFeatures} → ${this.outFeatures})`
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
