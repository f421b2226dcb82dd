import type { AttentionBlock } from '@levin/ops'
import {
  add,
  div,
  exp,
  greater,
  less,
  log,
  maximum,
  mul,
  reshape,
  scalar,
  sub,
  type Tensor,
  transpose,
  where,
} from '@tensorflow/tfjs-core'

/** Below every score, above -Infinity: what a row that sees nothing is measured from, since -Infinity minus itself is no number. */
const LOWEST = -3e38

/**
 * What queries find among the keys of two blocks, from what they find in each: the softmax over both, by its running maximum and sum
 * (Milakov & Gimelshein 2018, "Online normalizer calculation for softmax").
 *
 * In the scope of the caller, in which its intermediates stay.
 */
export function joinBlocks(a: AttentionBlock, b: AttentionBlock): AttentionBlock {
  const [sumA, sumB] = [sumOf(a), sumOf(b)]
  const highest = maximum(sumA, sumB)
  const [weightA, weightB] = [exp(sub(sumA, highest)), exp(sub(sumB, highest))]
  const whole = add(weightA, weightB)
  const y = add(weighted(a.y, div(weightA, whole)), weighted(b.y, div(weightB, whole)))
  // A sum of nothing and nothing is nothing, for which `+Infinity` stands.
  const logSumExp = where(less(highest, LOWEST / 2), scalar(Infinity), add(highest, log(whole)))
  return { y: reshape(y, a.y.shape), logSumExp }
}

// --- Internal helpers ---

const sumOf = ({ logSumExp }: AttentionBlock): Tensor => where(greater(logSumExp, -LOWEST), scalar(LOWEST), logSumExp)

/** `[batch, queries, heads, size]`: each row times its weight of `[batch, heads, queries]`. */
function weighted(y: Tensor, weights: Tensor): Tensor {
  const [batch, queries, features] = y.shape as [number, number, number]
  const heads = weights.shape[1] as number
  const perRow = reshape(transpose(weights, [0, 2, 1]), [batch, queries, heads, 1])
  return mul(reshape(y, [batch, queries, heads, features / heads]), perRow)
}
