import {
  type GradConfig,
  greater,
  greaterEqual,
  less,
  lessEqual,
  reshape,
  sum,
  type Tensor,
  tidy,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core'
import { gradients } from '../generated/gradients.js'

/** A gradient of the result's shape, summed over the axes that an operand of `shape` was spread over. */
function sumTo(shape: readonly number[], gradient: Tensor): Tensor {
  const added = gradient.shape.length - shape.length
  const axes = gradient.shape.flatMap((size, axis) => (size === shape[axis - added] ? [] : [axis]))
  return axes.length === 0 ? gradient : tidy(() => reshape(sum(gradient, axes), [...shape]))
}

/** d/da and d/db of tfjs, which have the result's shape even where an operand was broadcast, summed down to the operand's. */
function summed(kernelName: string): GradConfig {
  const stock = gradients.find((config) => config.kernelName === kernelName) as GradConfig
  return {
    ...stock,
    gradFunc(dy, saved, attributes) {
      const [a, b] = saved as [Tensor, Tensor]
      const { a: ofA, b: ofB } = stock.gradFunc(dy, saved, attributes) as { a: () => Tensor; b: () => Tensor }
      return { a: () => tidy(() => sumTo(a.shape, ofA())), b: () => tidy(() => sumTo(b.shape, ofB())) }
    },
  }
}

/**
 * d/dx of `maximum` and `minimum`. tfjs's own has the result's shape where an operand was broadcast, loses the gradient where
 * one is NaN, and makes NaN of an infinite gradient of the operand that was not taken. Of equal operands the first is.
 *
 * @param firstLoses where b is taken, and not a
 * @param secondLoses where a is taken, and not b. NaN neither wins nor loses: both have the gradient, as in PyTorch.
 */
const extremumGradient = (kernelName: string, firstLoses: Comparison, secondLoses: Comparison): GradConfig => ({
  kernelName,
  inputsToSave: ['a', 'b'],
  gradFunc(gradient, saved) {
    const [dy, a, b] = [gradient as Tensor, ...(saved as [Tensor, Tensor])]
    const unless = (loses: Comparison) => where(loses(a, b), zerosLike(dy), dy)
    return {
      a: () => tidy(() => sumTo(a.shape, unless(firstLoses))),
      b: () => tidy(() => sumTo(b.shape, unless(secondLoses))),
    }
  },
})

type Comparison = (a: Tensor, b: Tensor) => Tensor

/** Gradients of tfjs that have the shape of the result where they should have that of an operand. */
export const broadcastRepairs: readonly GradConfig[] = [
  summed('BatchMatMul'),
  summed('SquaredDifference'),
  extremumGradient('Maximum', less, greaterEqual),
  extremumGradient('Minimum', greater, lessEqual),
]
