import { describe, Layer, LevinError, type StepContext } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'

/** A function as a layer. */
export class Lambda<I = Tensor, O = Tensor> extends Layer<I, O> {
  readonly #f: (input: I, step: StepContext) => O

  constructor(f: (input: I, step: StepContext) => O) {
    super()
    if (typeof f !== 'function') {
      throw new LevinError('LEVIN_BAD_OPTION', { expected: 'lambda() to be given a function', found: describe(f) })
    }
    this.#f = f
  }

  compute(input: I, step: StepContext): O {
    return this.#f(input, step)
  }

  override describe(): string {
    return this.#f.name ? `Lambda(${this.#f.name})` : 'Lambda'
  }
}

/**
 * A function without parameters as a layer, for use in {@link sequential}.
 *
 * @example
 * sequential(conv2d(3, 8, 3), lambda((x: Tensor4D) => tf.mirrorPad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], 'reflect')))
 */
export const lambda = <I = Tensor, O = Tensor>(f: (input: I, step: StepContext) => O): Lambda<I, O> => new Lambda(f)
