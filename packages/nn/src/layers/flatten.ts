import { Layer, type StepContext } from '@levin/core'
import { reshape, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core'
import { checkInput, type InputPattern } from '../check-input.js'
import { requireWholeSequence } from '../parallel/refusals.js'

const PATTERN: InputPattern = { axes: ['batch'], leading: true, dtype: 'any' }

/** Joins all axes but the first: `[batch, ...]` to `[batch, features]`. */
export class Flatten extends Layer<Tensor, Tensor2D> {
  compute(x: Tensor, step: StepContext): Tensor2D {
    checkInput(this, x, PATTERN)
    requireWholeSequence(this, x, step)
    const [batch, ...features] = x.shape as [number, ...number[]]
    return reshape(x, [batch, features.reduce((product, size) => product * size, 1)])
  }
}

/** Joins all axes but the first. Images are joined in tfjs's order: rows, columns, channels. */
export const flatten = (): Flatten => new Flatten()
