import { type Initializer, Layer, normal, Parameter, type StepContext } from '@levin/core'
import { embedding as embeddingOp } from '@levin/ops'
import type { Rank, Tensor } from '@tensorflow/tfjs-core'
import { checkInput } from '../check-input.js'
import { withZeroRow } from '../initializers/zero-row.js'
import { numberWithin, wholeNumber } from '../options.js'

export interface EmbeddingOptions {
  /** A row that stays what it was initialised to, zeros by default: the embedding of padding. Default: none. */
  readonly paddingIndex?: number
  /** Default: N(0, 1), as in PyTorch, with zeros for the row of the padding. */
  readonly weightInitializer?: Initializer
}

/** A table of vectors, looked up by id: `[...]` int32 to `[..., dim]`. */
export class Embedding extends Layer<Tensor, Tensor> {
  readonly count: number
  readonly dim: number
  readonly paddingIndex: number | undefined
  /** `[count, dim]` */
  readonly weight: Parameter<Rank.R2>

  constructor(count: number, dim: number, { paddingIndex, weightInitializer }: EmbeddingOptions = {}) {
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
  }

  compute(ids: Tensor, _step: StepContext): Tensor {
    checkInput(this, ids, { axes: [], leading: true, dtype: 'int32' })
    const { paddingIndex } = this
    return embeddingOp(this.weight.value, ids, paddingIndex === undefined ? {} : { paddingIndex })
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
