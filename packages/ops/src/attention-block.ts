import type { Tensor } from '@tensorflow/tfjs-core'
import { type AttentionOptions, checkedAttributes } from './attention.js'
import { composedAttention, composedAttentionGradients } from './attention-composed.js'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'

/** What queries find among some of the keys. */
export interface AttentionBlock {
  /** `[batch, queries, heads · valueSize]`: as if there were no other keys. */
  readonly y: Tensor
  /** `[batch, heads, queries]`: the logarithm of each row's sum of exponentials, `+Infinity` for a row that sees no key. */
  readonly logSumExp: Tensor
}

/** What {@link attentionBlockGradients} needs of the whole that a block is a part of. */
export interface AttentionBlockResults extends AttentionBlock {
  /** Gradient of the whole's y. */
  readonly dy: Tensor
}

/**
 * Attention to some of the keys, for whoever puts blocks together (Liu et al. 2023, "Ring Attention with Blockwise
 * Transformers"): the results are weighted by the exponentials of their `logSumExp`, of which the sum is that of the whole.
 *
 * The same kernel as `attention`, whose operands and options it takes. Values alone: no tape sees it.
 */
export function attentionBlock(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): AttentionBlock {
  const attrs = checkedAttributes(query, key, value, options)
  const { mask, dropout } = options
  const inputs = { query, key, value, ...(mask === undefined ? {} : { mask }) }
  if (attrs.dropoutRate < 1 && hasKernel(kernelNames.attention)) {
    const [y, logSumExp] = callOwnKernel(kernelNames.attention, inputs, attrs) as [Tensor, Tensor]
    return { y, logSumExp }
  }
  const { y, logSumExp, dropMask } = composedAttention(inputs, attrs, dropout)
  dropMask?.dispose()
  return { y, logSumExp }
}

/**
 * A block's part in the gradients: of all queries, and of its own keys and values. Its probabilities are computed again, as
 * shares of the whole, whose `y` and `logSumExp` it takes. Dropout without a kernel calls `draw` again.
 *
 * @returns `[dQuery, dKey, dValue]`
 */
export function attentionBlockGradients(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  whole: AttentionBlockResults,
  options: AttentionOptions,
): [dQuery: Tensor, dKey: Tensor, dValue: Tensor] {
  const attrs = checkedAttributes(query, key, value, options)
  const { mask, dropout } = options
  const { y, logSumExp, dy } = whole
  const inputs = { query, key, value, y, logSumExp, dy, ...(mask === undefined ? {} : { mask }) }
  return attrs.dropoutRate < 1 && hasKernel(kernelNames.attentionGrad)
    ? (callOwnKernel(kernelNames.attentionGrad, inputs, attrs) as [Tensor, Tensor, Tensor])
    : composedAttentionGradients(inputs, attrs, dropout, undefined)
}
