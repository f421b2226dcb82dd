import { div, mul, type Tensor } from '@tensorflow/tfjs-core'
import { check } from './checks.js'
import { sumAll } from './sums.js'

/** How the losses of single elements become one: their mean, their sum, or not at all. PyTorch's words and default (`'mean'`). */
export type Reduction = 'mean' | 'sum' | 'none'

export function checkReduction(op: string, reduction: Reduction): void {
  check(
    reduction === 'mean' || reduction === 'sum' || reduction === 'none',
    op,
    () => `\`reduction\` must be 'mean', 'sum' or 'none', but is '${String(reduction)}'`,
  )
}

/** Reduces a loss per element; the mean of no elements is NaN, as in PyTorch. */
export function reduce(losses: Tensor, reduction: Reduction): Tensor {
  if (reduction === 'none') return losses
  const total = sumAll(losses)
  return reduction === 'sum' ? total : div(total, losses.size)
}

/** The gradient of every element's loss from that of the reduced loss, broadcastable to the elements. */
export function spread(dy: Tensor, reduction: Reduction, size: number): Tensor {
  // With no elements there is nothing to spread over, and 0 · ∞ must not arise.
  return reduction === 'mean' && size > 0 ? mul(dy, 1 / size) : dy
}
