import { type Initializer, Layer, normal, Parameter, type StepContext, unknownStyle } from '@levin/core'
import { embedding as embeddingOp } from '@levin/ops'
import type { Rank, Tensor } from '@tensorflow/tfjs-core'
import { checkInput } from '../check-input.js'
import { withZeroRow } from '../initializers/zero-row.js'
import { numberWithin, wholeNumber } from '../options.js'
import { idsOfStretch, sharedEmbedding } from '../parallel/shared-embedding.js'

export interface EmbeddingOptions {
  /** A row that stays what it was initialised to, zeros by default: the embedding of padding. Default: none. */
  readonly paddingIndex?: number
  /** Default: N(0, 1), as in PyTorch, with zeros for the row of the padding. */
  readonly weightInitializer?: Initializer
  /** How ranks share the table under tensor parallelism, as {@link Embedding.share} does. Default: each has all of it. */
  readonly parallel?: 'vocabulary'
}

/** A table of vectors, looked up by id: `[...]` int32 to `[..., dim]`. */
export class Embedding extends Layer<Tensor, Tensor> {
  readonly count: number
  readonly dim: number
  readonly paddingIndex: number | undefined
  /** `[count, dim]` */
  readonly weight: Parameter<Rank.R2>
  #isShared = false

  constructor(count: number, dim: number, { paddingIndex, weightInitializer, parallel }: EmbeddingOptions = {}) {
    super()
    this.count = wholeNumber('embedding', 'count', count)
    this.dim = wholeNumber('embedding', 'dim', dim)
    this.paddingIndex = paddingIndex
    const table = normal(0, 1)
    if (paddingIndex !== undefined) {
      wholeNumber('embedding', 'paddingIndex', paddingIndex, 0)
      numberWithin('embedding', 'paddingIndex', paddingIndex, { to: count - 1 })
    }
    const usual = paddingIndex === undefined ? table : withZeroRow(table, paddingIndex)
    this.weight = new Parameter([count, dim], weightInitializer ?? usual)
    if (parallel !== undefined) this.share(parallel)
  }

  /**
   * `'vocabulary'`: each rank of the tensor axis has some rows of the table. Where sequences are divided, it takes whole ones and
   * gives a rank its stretch. On one device nothing changes.
   *
   * @throws LEVIN_NOT_SUPPORTED for another style
   */
  override share(style: string): void {
    if (style !== 'vocabulary') throw unknownStyle(this, style, ['vocabulary'])
    this.#isShared = true
    this.weight.split = { axis: 0 }
  }

  compute(ids: Tensor, step: StepContext): Tensor {
    checkInput(this, ids, { axes: [], leading: true, dtype: 'int32' })
    const { paddingIndex } = this
    const ranks = step.sharing?.tensor
    if (ranks && this.#isShared) return sharedEmbedding(this, ids, ranks)
    const own = ranks?.splitsSequence ? idsOfStretch(this, ids, ranks) : ids
    return embeddingOp(this.weight.value, own, paddingIndex === undefined ? {} : { paddingIndex })
  }

  override describe(): string {
    return `Embedding(${this.count} → ${this.dim})`
  }
}

/**
 * A table of vectors, looked up by id.
 *
 * @param count ids, which are 0 to count - 1
 * @param dim length of each vector
 * @throws LEVIN_BAD_OPTION for sizes that are no whole numbers
 */
export const embedding = (count: number, dim: number, options?: EmbeddingOptions): Embedding =>
  new Embedding(count, dim, options)
