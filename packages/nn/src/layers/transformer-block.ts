import { Layer, type StepContext, unknownStyle } from '@levin/core'
import { add, Tensor, type Tensor3D } from '@tensorflow/tfjs-core'
import { checkInput } from '../check-input.js'
import { keyedDropout } from '../keyed-dropout.js'
import { badOption, numberWithin, wholeNumber } from '../options.js'
import { carryPart } from '../parallel/feature-part.js'
import { gelu } from './activations.js'
import type { AttentionMasks } from './attention-masks.js'
import { LayerNorm } from './layer-norm.js'
import { Linear } from './linear.js'
import { MultiHeadAttention } from './multi-head-attention.js'

export interface TransformerBlockOptions {
  /** Whether a position sees only itself and those before it. Default `false`. */
  readonly causal?: boolean
  /** Of attention probabilities, of the hidden features, and of what both halves add. Default 0. */
  readonly dropout?: number
  /** Features between the two linear layers. Default: four times `features`. */
  readonly hiddenFeatures?: number
  /** Whether norms come before each half, as in GPT-2, or after its sum, as in the first transformers. Default `true`. */
  readonly normFirst?: boolean
  /** Between the two linear layers. Default `gelu()`. */
  readonly activation?: Layer<Tensor, Tensor>
  /** Whether linear layers and norms have biases. Default `true`. */
  readonly bias?: boolean
  /** Of the norms. Default 1e-5. */
  readonly epsilon?: number
  /** How ranks share it under tensor parallelism, as {@link TransformerBlock.share} does. Default: each has all of it. */
  readonly parallel?: 'block'
}

/** A sequence and which of its positions are not to be seen. */
export interface TransformerInput extends AttentionMasks {
  /** `[batch, time, features]` */
  readonly input: Tensor3D
}

/**
 * Attention and two linear layers, each added to what goes in. Vaswani et al. 2017; norms first: Xiong et al. 2020.
 *
 * PyTorch's `nn.TransformerEncoderLayer`, with its names: `attention` (there `self_attn`), `linear1`, `linear2`, `norm1`,
 * `norm2`. With `causal` it is the block of GPT-2.
 */
export class TransformerBlock extends Layer<Tensor3D, Tensor3D> {
  readonly features: number
  readonly normFirst: boolean
  readonly dropout: number
  readonly norm1: LayerNorm
  readonly attention: MultiHeadAttention
  readonly norm2: LayerNorm
  readonly linear1: Linear
  readonly activation: Layer<Tensor, Tensor>
  readonly linear2: Linear

  constructor(features: number, heads: number, options: TransformerBlockOptions = {}) {
    super()
    const owner = 'transformerBlock'
    const { causal = false, dropout = 0, normFirst = true, activation = gelu(), bias = true, epsilon = 1e-5 } = options
    this.features = wholeNumber(owner, 'features', features)
    this.dropout = numberWithin(owner, 'dropout', dropout, { from: 0, to: 1 })
    this.normFirst = normFirst
    const hidden = wholeNumber(owner, 'hiddenFeatures', options.hiddenFeatures ?? 4 * features)
    if (!(activation instanceof Layer)) throw badOption(owner, 'activation', 'a layer, say relu()', activation)
    this.norm1 = new LayerNorm(features, { epsilon, bias })
    this.attention = new MultiHeadAttention(features, heads, { causal, dropout, bias })
    this.norm2 = new LayerNorm(features, { epsilon, bias })
    this.linear1 = new Linear(features, hidden, { bias })
    this.activation = activation
    this.linear2 = new Linear(hidden, features, { bias })
    if (options.parallel !== undefined) this.share(options.parallel)
  }

  /**
   * `'block'`: each rank of the tensor axis computes some of the heads and some of the hidden features. The same as `'heads'` for
   * `attention`, `'column'` for `linear1` and `'row'` for `linear2`. The activation must be a function of single elements. On one
   * device nothing changes.
   *
   * @throws LEVIN_NOT_SUPPORTED for another style
   */
  override share(style: string): void {
    if (style !== 'block') throw unknownStyle(this, style, ['block'])
    this.attention.share('heads')
    this.linear1.share('column')
    this.linear2.share('row')
  }

  /** With masks. */
  override forward(input: TransformerInput, step: StepContext): Tensor3D
  /** `[batch, time, features]` to the same. */
  override forward(input: Tensor3D, step: StepContext): Tensor3D
  override forward(input: Tensor3D | TransformerInput, step: StepContext): Tensor3D {
    return step.call<Tensor3D | TransformerInput, Tensor3D>(this as Layer<Tensor3D | TransformerInput, Tensor3D>, input)
  }

  compute(given: Tensor3D | TransformerInput, step: StepContext): Tensor3D {
    const { input: x, ...masks } = isWithMasks(given) ? given : { input: given }
    checkInput(this, x, { axes: ['batch', 'time', this.features] })
    if (this.normFirst) {
      const seen = add<Tensor3D>(x, this.#attend(this.norm1.forward(x, step), masks, step))
      return add(seen, this.#feedForward(this.norm2.forward(seen, step), step))
    }
    const seen = this.norm1.forward(add<Tensor3D>(x, this.#attend(x, masks, step)), step)
    return this.norm2.forward(add<Tensor3D>(seen, this.#feedForward(seen, step)), step)
  }

  override describe(): string {
    const { features, attention } = this
    return `TransformerBlock(${features}, ${attention.heads} heads${attention.causal ? ', causal' : ''})`
  }

  #attend(query: Tensor3D, masks: AttentionMasks, step: StepContext): Tensor3D {
    const isMasked = masks.mask !== undefined || masks.keyPadding !== undefined
    // A tensor alone where there are no masks: simplest for what recomputes, cuts or shards layers.
    const { attention } = this
    const y = isMasked ? attention.forward({ query, ...masks }, step) : attention.forward(query, step)
    return this.#drop(y, step)
  }

  #feedForward(x: Tensor3D, step: StepContext): Tensor3D {
    const raised = this.linear1.forward(x, step)
    // Of an activation of the user's nobody else says which features of the hidden ones it gives.
    const hidden = carryPart(raised, this.activation.forward(raised, step) as Tensor3D)
    return this.#drop(this.linear2.forward(this.#drop(hidden, step), step), step)
  }

  #drop(x: Tensor3D, step: StepContext): Tensor3D {
    if (!step.training || this.dropout === 0) return x
    return keyedDropout(x, this.dropout, this.path, step) as Tensor3D
  }
}

/**
 * A block of a transformer. Takes `[batch, time, features]`, or `{ input, mask, keyPadding }`; gives the same shape.
 *
 * @param features of each position
 * @param heads a divisor of `features`
 * @throws LEVIN_BAD_OPTION for options outside their range
 */
export const transformerBlock = (
  features: number,
  heads: number,
  options?: TransformerBlockOptions,
): TransformerBlock => new TransformerBlock(features, heads, options)

// --- Internal helpers ---

const isWithMasks = (input: Tensor3D | TransformerInput): input is TransformerInput =>
  !(input instanceof Tensor) && typeof input === 'object' && input !== null
