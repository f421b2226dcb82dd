import type { TensorRanks } from '@levin/core'
import { customGrad, type Tensor } from '@tensorflow/tfjs-core'
import { requireActivations } from './refusals.js'

/**
 * The way into layers that ranks compute together: what each of them has becomes what all of them start from.
 *
 * Without divided sequences every rank has `x` already; going back, each has a part of its gradient, and their sum is all of it
 * (Shoeybi et al. 2019, "Megatron-LM", the function f). With divided sequences the stretches are gathered, and the sum of the
 * gradients is handed out in stretches (Korthikanti et al. 2022, the function g).
 *
 * @param x the same on all ranks, or this rank's stretch `[batch, time / ranks, …]`
 * @returns `x`, or `[batch, time, …]`
 * @throws LEVIN_SHAPE for what has no time axis, where sequences are divided
 */
export function enterShared<T extends Tensor>(x: T, ranks: TensorRanks): T {
  requireActivations(x, ranks)
  const { splitsSequence } = ranks
  const enter = customGrad(() => ({
    // A handle of its own: were it x itself, whoever else uses x later, as a residual does, would be taken for a user of this.
    value: splitsSequence ? ranks.gather(x, 1) : x.clone(),
    gradFunc: (gradient: Tensor) => (splitsSequence ? ranks.sumScatter(gradient, 1) : ranks.sum(gradient)),
  }))
  return enter(x) as T
}
