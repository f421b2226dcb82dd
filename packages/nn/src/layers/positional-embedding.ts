import { type Initializer, Layer, normal, Parameter, type StepContext } from '@levin/core'
import { add, type Rank, slice, type Tensor3D } from '@tensorflow/tfjs-core'
import { checkInput, refuseInput } from '../check-input.js'
import { wholeNumber } from '../options.js'

export interface PositionalEmbeddingOptions {
  /** Default: N(0, 0.02), as in GPT-2. */
  readonly weightInitializer?: Initializer
}

/** The stretch that a rank has of a sequence which nobody divides. */
const WHOLE = { index: 0, count: 1 }

/** Adds a learnt vector to each position of a sequence: `[batch, time, features]`, at most `length` positions. */
export class PositionalEmbedding extends Layer<Tensor3D, Tensor3D> {
  readonly length: number
  readonly features: number
  /** `[length, features]` */
  readonly weight: Parameter<Rank.R2>

  constructor(length: number, features: number, { weightInitializer }: PositionalEmbeddingOptions = {}) {
    super()
    this.length = wholeNumber('positionalEmbedding', 'length', length)
    this.features = wholeNumber('positionalEmbedding', 'features', features)
    this.weight = new Parameter([length, features], weightInitializer ?? normal(0, 0.02))
  }

  compute(x: Tensor3D, step: StepContext): Tensor3D {
    checkInput(this, x, { axes: ['batch', 'time', this.features] })
    const { index, count } = step.sharing?.sequence ?? WHOLE
    const time = x.shape[1]
    if (time * count > this.length) {
      const remedy = 'Make the layer for longer sequences, or cut them.'
      const parts = count === 1 ? '' : `, of which each of ${count} ranks has an equal stretch`
      throw refuseInput(this, x, `a sequence of at most ${this.length} positions${parts}`, remedy)
    }
    const table = this.weight.value
    return add(x, time === this.length ? table : slice(table, [index * time, 0], [time, this.features]))
  }

  override describe(): string {
    return `PositionalEmbedding(${this.length} × ${this.features})`
  }
}

/**
 * A learnt vector for each position, added to what is there.
 *
 * @param length the most positions of a sequence
 * @param features of each position
 * @throws LEVIN_BAD_OPTION for sizes that are no whole numbers
 */
export const positionalEmbedding = (
  length: number,
  features: number,
  options?: PositionalEmbeddingOptions,
): PositionalEmbedding => new PositionalEmbedding(length, features, options)
