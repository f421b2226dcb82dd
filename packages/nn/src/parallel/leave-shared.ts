import type { TensorRanks } from '@levin/core'
import { customGrad, type Tensor } from '@tensorflow/tfjs-core'
import { requireActivations } from './refusals.js'

/**
 * The way out of layers that ranks compute together: each has a summand of the result.
 *
 * Without divided sequences every rank gets the sum, and going back, each summand's gradient is the sum's (the function g of
 * Megatron-LM). With divided sequences every rank gets its stretch of the sum; gradients are gathered.
 *
 * @param x this rank's summand, `[batch, time, …]`
 * @returns the sum, or this rank's stretch of it, `[batch, time / ranks, …]`
 * @throws LEVIN_SHAPE for what has no time axis, or sequences that cannot be divided evenly
 */
export function leaveShared<T extends Tensor>(x: T, ranks: TensorRanks): T {
  requireActivations(x, ranks)
  const { splitsSequence } = ranks
  const leave = customGrad(() => ({
    value: splitsSequence ? ranks.sumScatter(x, 1) : ranks.sum(x),
    gradFunc: (gradient: Tensor) => (splitsSequence ? ranks.gather(gradient, 1) : gradient.clone()),
  }))
  return leave(x) as T
}
