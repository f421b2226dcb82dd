import type { LayerRanks } from '@levin/core'
import { customGrad, slice, type Tensor } from '@tensorflow/tfjs-core'
import type { FeaturePart } from './feature-part.js'

/**
 * The features of all ranks side by side, on each of them. Every rank then computes the same with them, so that a rank's own part of
 * the gradient is the gradient of its part.
 *
 * @param x `[..., features of this rank]`
 * @param part where they lie among all
 * @returns `[..., features]`
 */
export function gatherFeatures(x: Tensor, { start }: FeaturePart, ranks: LayerRanks): Tensor {
  const { shape } = x
  const last = x.rank - 1
  const begin = shape.map((_, axis) => (axis === last ? start : 0))
  const gather = customGrad(() => ({
    value: ranks.gather(x, last),
    gradFunc: (gradient: Tensor) => slice(gradient, begin, shape),
  }))
  return gather(x)
}
