import { Layer, type StepContext, uniform, unknownStyle, zeros } from '@levin/core'
import { attention } from '@levin/ops'
import { Tensor, type Tensor3D } from '@tensorflow/tfjs-core'
import { checkInput, refuseInput } from '../check-input.js'
import { badOption, numberWithin, wholeNumber } from '../options.js'
import {
  areHeadsParted,
  enterOnce,
  headRanks,
  maskOfHeads,
  type OwnHeads,
  ownHeads,
} from '../parallel/attention-heads.js'
import { contextAttention } from '../parallel/context-attention.js'
import { type AttentionMasks, additiveMask, type ScoresShape } from './attention-masks.js'
import { Linear, type LinearOptions } from './linear.js'

export interface MultiHeadAttentionOptions {
  /** Whether a position sees only itself and those before it. Default `false`. */
  readonly causal?: boolean
  /** Share of the attention probabilities dropped in training. Default 0. */
  readonly dropout?: number
  /** Whether the four projections have biases. Default `true`. */
  readonly bias?: boolean
  /** Features of what is attended to, where they differ (PyTorch's `kdim` and `vdim`). Default: `features`. */
  readonly kvFeatures?: number
  /** How ranks share it under tensor parallelism, as {@link MultiHeadAttention.share} does. Default: each has all heads. */
  readonly parallel?: 'heads'
}

/** More than one tensor to attend with: another sequence, masks. */
export interface AttentionInput extends AttentionMasks {
  /** `[batch, queries, features]` */
  readonly query: Tensor3D
  /** `[batch, keys, kvFeatures]`. Default: `query`. */
  readonly key?: Tensor3D | undefined
  /** `[batch, keys, kvFeatures]`. Default: `key`. */
  readonly value?: Tensor3D | undefined
}

/**
 * Each position of a sequence gathers from the others what its heads look for. Vaswani et al. 2017.
 *
 * PyTorch's `nn.MultiheadAttention` with `batch_first`. What it packs into `in_proj_weight` are three layers here,
 * `query`, `key` and `value`, so that each can be sharded by heads; `out` is its `out_proj`.
 */
export class MultiHeadAttention extends Layer<Tensor3D, Tensor3D> {
  readonly features: number
  readonly heads: number
  readonly kvFeatures: number
  readonly causal: boolean
  readonly dropout: number
  readonly query: Linear
  readonly key: Linear
  readonly value: Linear
  readonly out: Linear

  constructor(features: number, heads: number, options: MultiHeadAttentionOptions = {}) {
    super()
    const owner = 'multiHeadAttention'
    const { causal = false, dropout = 0, bias = true, kvFeatures = features } = options
    this.features = wholeNumber(owner, 'features', features)
    this.heads = wholeNumber(owner, 'heads', heads)
    if (features % heads !== 0) throw badOption(owner, 'heads', `a divisor of the ${features} features`, heads)
    this.kvFeatures = wholeNumber(owner, 'kvFeatures', kvFeatures)
    this.causal = causal
    this.dropout = numberWithin(owner, 'dropout', dropout, { from: 0, to: 1 })
    const isPacked = kvFeatures === features
    this.query = new Linear(features, features, projection(features, features, bias, isPacked))
    this.key = new Linear(kvFeatures, features, projection(kvFeatures, features, bias, isPacked))
    this.value = new Linear(kvFeatures, features, projection(kvFeatures, features, bias, isPacked))
    this.out = new Linear(features, features, { bias, biasInitializer: zeros() })
    this.#placeProjections()
    if (options.parallel !== undefined) this.share(options.parallel)
  }

  /**
   * `'heads'`: each rank of the tensor axis computes some of the heads. The same as `'column'` for `query`, `key` and `value` and
   * `'row'` for `out`. On one device nothing changes.
   *
   * @throws LEVIN_NOT_SUPPORTED for another style
   */
  override share(style: string): void {
    if (style !== 'heads') throw unknownStyle(this, style, ['heads'])
    for (const layer of [this.query, this.key, this.value]) layer.share('column')
    this.out.share('row')
  }

  /** Attention to another sequence, or with masks. */
  override forward(input: AttentionInput, step: StepContext): Tensor3D
  /** Attention of `[batch, time, features]` to itself. */
  override forward(input: Tensor3D, step: StepContext): Tensor3D
  override forward(input: Tensor3D | AttentionInput, step: StepContext): Tensor3D {
    return step.call<Tensor3D | AttentionInput, Tensor3D>(this as Layer<Tensor3D | AttentionInput, Tensor3D>, input)
  }

  compute(input: Tensor3D | AttentionInput, step: StepContext): Tensor3D {
    const operands = isOperands(input) ? input : { query: input }
    const { query } = operands
    checkInput(this, query, { axes: ['batch', 'queries', this.features] })
    const { key = this.#ownKey(query), value = key } = operands
    const batch = query.shape[0]
    checkInput(this, key, { axes: [batch, 'keys', this.kvFeatures] })
    checkInput(this, value, { axes: [batch, key.shape[1], this.kvFeatures] })
    const ranks = headRanks(this, step)
    const own = ownHeads(this, this.heads, ranks)
    const [queries, keys, values] = enterOnce([query, key, value], ranks)
    const projected = [
      this.query.forward(queries, step),
      this.key.forward(keys, step),
      this.value.forward(values, step),
    ]
    const y = this.#attend(projected as [Tensor3D, Tensor3D, Tensor3D], operands, own, step)
    return this.out.forward(y, step)
  }

  override describe(): string {
    const causal = this.causal ? ', causal' : ''
    return `MultiHeadAttention(${this.features}, ${this.heads} heads${causal})`
  }

  #ownKey(query: Tensor3D): Tensor3D {
    if (this.kvFeatures === this.features) return query
    const expected = `a 'key' of ${this.kvFeatures} features beside the query`
    throw refuseInput(this, query, expected, 'Pass { query, key }: the layer was made to attend to another sequence.')
  }

  /** The one place where attention is computed: by `own` heads, of what is projected, `[batch, positions, own · size]` each. */
  #attend(
    [q, k, v]: [Tensor3D, Tensor3D, Tensor3D],
    masks: AttentionMasks,
    own: OwnHeads,
    step: StepContext,
  ): Tensor3D {
    const context = step.sharing?.context
    if (context) return contextAttention(this, [q, k, v], masks, own, step, context)
    // The positions of what went in may be a stretch; those of the projections are all that are attended to.
    const shape = [q.shape[0], this.heads, q.shape[1], k.shape[1]] as const
    const mask = additiveMask(this, masks, shape)
    const dropout = this.#dropout(shape, own, step)
    return attention(q, k, v, {
      heads: own.count,
      causal: this.causal,
      mask: mask && maskOfHeads(mask, own),
      dropout,
    }) as Tensor3D
  }

  /** Keyed by the place of a sample in the window, like every dropout, and of a head among all. */
  #dropout([batch, heads, queries, keys]: ScoresShape, { start, count }: OwnHeads, step: StepContext) {
    if (!step.training || this.dropout === 0) return undefined
    const stream = step.random(this.path)
    const shape: [number, number, number, number] = [batch, count, queries, keys]
    const slice = { globalShape: [batch, heads, queries, keys], start: [0, start, 0, 0] }
    const draw = () => stream.uniform(shape, slice)
    return { rate: this.dropout, key: stream.key, layout: stream.layout(shape, slice), draw }
  }

  /** Heads stay whole, and where all three projections are parted, what they take enters once for all of them. */
  #placeProjections(): void {
    const unit = this.features / this.heads
    const isEntered = () => areHeadsParted(this)
    for (const layer of [this.query, this.key, this.value]) layer.placeWithin({ unit, isEntered })
    this.out.placeWithin({ unit })
  }
}

/**
 * Attention of many heads. Takes `[batch, time, features]`, or `{ query, key, value, mask, keyPadding }`; gives
 * `[batch, time, features]`. A position that sees nothing (all padding) gets zeros from its heads.
 *
 * @param features of the queries and of the result
 * @param heads a divisor of `features`
 * @throws LEVIN_BAD_OPTION for options outside their range
 */
export const multiHeadAttention = (
  features: number,
  heads: number,
  options?: MultiHeadAttentionOptions,
): MultiHeadAttention => new MultiHeadAttention(features, heads, options)

// --- Internal helpers ---

const isOperands = (input: Tensor3D | AttentionInput): input is AttentionInput =>
  !(input instanceof Tensor) && typeof input === 'object' && input !== null

/** As PyTorch starts them: Xavier uniform, over the three as one matrix where it packs them into one. */
function projection(inputs: number, outputs: number, bias: boolean, isPacked: boolean): LinearOptions {
  const bound = Math.sqrt(6 / (inputs + (isPacked ? 3 : 1) * outputs))
  return { bias, weightInitializer: uniform(-bound, bound), biasInitializer: zeros() }
}
