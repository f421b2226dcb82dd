import type { Layer } from '@levin/core'
import { add, reshape, scalar, type Tensor, where } from '@tensorflow/tfjs-core'
import { checkInput, refuseInput } from '../check-input.js'

/** Which keys a query may not see. */
export interface AttentionMasks {
  /**
   * `[queries, keys]` or `[1 or batch, 1 or heads, 1 or queries, keys]`: bool, true where a key is hidden, or float32, added
   * to the scores. PyTorch's `attn_mask`.
   */
  readonly mask?: Tensor | undefined
  /** `[batch, keys]` bool: true where a key is padding. PyTorch's `key_padding_mask`. */
  readonly keyPadding?: Tensor | undefined
}

/** `[batch, heads, queries, keys]` */
export type ScoresShape = readonly [batch: number, heads: number, queries: number, keys: number]

/** What is added to the scores, as `attention` of `@levin/ops` takes it; `undefined` where everything is seen. */
export function additiveMask(
  layer: Layer<never, unknown>,
  { mask, keyPadding }: AttentionMasks,
  shape: ScoresShape,
): Tensor | undefined {
  const [batch, , , keys] = shape
  if (keyPadding !== undefined) checkInput(layer, keyPadding, { axes: [batch, keys], dtype: 'bool' })
  const padding = keyPadding && reshape(hidden(keyPadding), [batch, 1, 1, keys])
  const general = mask && placed(layer, mask, shape)
  return padding && general ? add(padding, general) : (padding ?? general)
}

// --- Internal helpers ---

const hidden = (mask: Tensor): Tensor => where(mask, scalar(-Infinity), scalar(0))

function placed(layer: Layer<never, unknown>, mask: Tensor, shape: ScoresShape): Tensor {
  const [, , queries, keys] = shape
  const isPlane = mask.rank === 2 && mask.shape[0] === queries && mask.shape[1] === keys
  const isWhole = mask.rank === 4 && mask.shape.every((size, axis) => size === shape[axis] || (axis < 3 && size === 1))
  if ((!isPlane && !isWhole) || (mask.dtype !== 'bool' && mask.dtype !== 'float32')) {
    const expected = `a bool or float32 mask of shape [${queries}, ${keys}] or [${shape.join(', ')}], of which the first three may be 1`
    throw refuseInput(layer, mask, expected, 'true hides a key, as in PyTorch; a number is added to the score.')
  }
  const whole = isPlane ? reshape(mask, [1, 1, queries, keys]) : mask
  return mask.dtype === 'bool' ? hidden(whole) : whole
}
