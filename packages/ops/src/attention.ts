import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { type AttentionMasks, composedAttention, composedAttentionGradients } from './attention-composed.js'
import { check, checkFloat, checkShape, format } from './checks.js'
import type { DropoutOptions } from './dropout.js'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { eagerGradients, recordNode } from './tape-node.js'

/**
 * Inputs of `LevinAttention`. Outputs: `[y, logSumExp]`: y `[batch, queries, heads · valueSize]`, and `[batch, heads,
 * queries]`, the logarithm of each row's sum of exponentials, `+Infinity` for a row that sees no key (whose y is 0).
 */
export interface AttentionInputs {
  /** `[batch, queries, heads · size]` float32: the heads of a position lie side by side. */
  readonly query: TensorInfo
  /** `[batch, keys, heads · size]` */
  readonly key: TensorInfo
  /** `[batch, keys, heads · valueSize]` */
  readonly value: TensorInfo
  /** `[1 or batch, 1 or heads, 1 or queries, keys]` float32, added to the scaled scores; `-Infinity` hides a key. */
  readonly mask?: TensorInfo
}

/** Inputs of `LevinAttentionGrad`. Outputs: `[dQuery, dKey, dValue]`. The mask has no gradient. */
export interface AttentionGradInputs extends AttentionInputs {
  /** Gradient of y. */
  readonly dy: TensorInfo
  readonly y: TensorInfo
  readonly logSumExp: TensorInfo
}

/** Attributes of both kernels. */
export interface AttentionAttrs {
  readonly heads: number
  /** Factor on the scores. */
  readonly scale: number
  /** Whether query i sees only the keys `j ≤ i + causalOffset`. */
  readonly causal: boolean
  readonly causalOffset: number
  /** Share of the probabilities dropped, in [0, 1); 0 for none. */
  readonly dropoutRate: number
  /** Philox key of the dropout, as in `LevinDropout`. */
  readonly key0: number
  readonly key1: number
  /** Shape of the whole that the probabilities `[batch, heads, queries, keys]` are a part of; the first may be `Infinity`. */
  readonly globalShape: readonly number[]
  /** Where they begin in the whole, one index per axis. */
  readonly start: readonly number[]
}

export interface AttentionOptions {
  readonly heads: number
  /** Factor on the scores. Default `1 / √size`. */
  readonly scale?: number | undefined
  /** Whether query i sees only the keys `j ≤ i + causalOffset`. Default `false`. */
  readonly causal?: boolean | undefined
  /**
   * How far the queries' positions are ahead of the keys'. Default 0, as in PyTorch. With cached keys it is
   * `keys - queries`; a block of a longer sequence may need any whole number.
   */
  readonly causalOffset?: number | undefined
  /** `[1 or batch, 1 or heads, 1 or queries, keys]` float32, added to the scaled scores; `-Infinity` hides a key. No gradient. */
  readonly mask?: Tensor | undefined
  /** Dropout of the probabilities; its layout and `draw` are of `[batch, heads, queries, keys]`. Default: none. */
  readonly dropout?: DropoutOptions | undefined
}

/**
 * Scaled dot-product attention of many heads: `softmax(query · keyᵀ · scale + mask) · value` (Vaswani et al. 2017).
 *
 * A kernel computes it in tiles with a running maximum and sum, and again in backward, so that the scores never exist as
 * a whole (Dao et al. 2022, "FlashAttention"). Composed, the scores of some heads at a time do, up to 4 MiB (more where
 * one head alone has more). Either way the tape keeps query, key, value, the result and one number per row and head; with
 * dropout composed on a backend without `LevinDropout`, the mask too.
 *
 * A query that sees no key gives zeros, and no gradients.
 *
 * @param query `[batch, queries, heads · size]` float32
 * @param key `[batch, keys, heads · size]` float32
 * @param value `[batch, keys, heads · valueSize]` float32
 * @returns `[batch, queries, heads · valueSize]`
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const attrs = checkedAttributes(query, key, value, options)
  const { mask, dropout } = options
  const useKernel = attrs.dropoutRate < 1
  return recordNode({
    name: 'attention',
    inputs: { query, key, value },
    forward(save) {
      const inputs = { query, key, value, ...(mask === undefined ? {} : { mask }) }
      if (useKernel && hasKernel(kernelNames.attention)) {
        const [y, logSumExp] = callOwnKernel(kernelNames.attention, inputs, attrs) as [Tensor, Tensor]
        save([query, key, value, y, logSumExp, ...(mask === undefined ? [] : [mask])])
        return y
      }
      const { y, logSumExp, dropMask } = composedAttention(inputs, attrs, dropout)
      const masks = [mask, dropMask].filter((tensor) => tensor !== undefined)
      save([query, key, value, y, logSumExp, ...masks])
      return y
    },
    backward(dy, saved) {
      const [q, k, v, y, logSumExp, ...rest] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]]
      const masks: AttentionMasks = {}
      if (mask !== undefined) masks.mask = rest.shift() as Tensor
      if (rest[0] !== undefined) masks.dropMask = rest[0]
      const inputs = { query: q, key: k, value: v, ...(masks.mask === undefined ? {} : { mask: masks.mask }) }
      const [dQuery, dKey, dValue] =
        useKernel && hasKernel(kernelNames.attentionGrad)
          ? callOwnKernel(kernelNames.attentionGrad, { ...inputs, dy, y, logSumExp }, attrs)
          : composedAttentionGradients({ ...inputs, dy, y, logSumExp }, attrs, dropout, masks.dropMask)
      return eagerGradients<{ query: Tensor; key: Tensor; value: Tensor }>({
        query: dQuery as Tensor,
        key: dKey as Tensor,
        value: dValue as Tensor,
      })
    },
  })
}

/** What both kernels are told, once the operands are known to fit. */
export function checkedAttributes(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions,
): AttentionAttrs {
  const { heads, causal = false, causalOffset = 0, mask, dropout } = options
  const whole = { query, key, value }
  for (const [name, tensor] of Object.entries(whole)) checkOperand(name, tensor, query, heads)
  const [batch, queries, features] = query.shape as [number, number, number]
  const keys = key.shape[1] as number
  checkShape('attention', 'key', key, [batch, keys, features], 'batch and features of `query`')
  checkShape('attention', 'value', value, [batch, keys, value.shape[2] as number], 'batch and positions of `key`')
  const { scale = features === 0 ? 1 : 1 / Math.sqrt(features / heads) } = options
  check(Number.isFinite(scale), 'attention', () => `\`scale\` must be a finite number, but is ${scale}`)
  check(
    Number.isInteger(causalOffset),
    'attention',
    () => `\`causalOffset\` must be a whole number, but is ${causalOffset}`,
  )
  if (mask !== undefined) checkMask(mask, [batch, heads, queries, keys])
  const shape = [batch, heads, queries, keys]
  const placed = checkedDropout(dropout, shape)
  return { heads, scale, causal, causalOffset, ...placed }
}

// --- Internal helpers ---

function checkOperand(name: string, tensor: Tensor, query: Tensor, heads: number): void {
  checkFloat('attention', name, tensor)
  check(
    tensor.rank === 3,
    'attention',
    () => `\`${name}\` must be [batch, positions, features], but has shape ${format(tensor.shape)}`,
  )
  check(
    Number.isInteger(heads) && heads >= 1 && (tensor.shape[2] as number) % heads === 0,
    'attention',
    () =>
      `\`heads\` must be a whole number that divides the features of \`${name}\` ${format(tensor.shape)}, but is ${heads}`,
  )
  check(
    tensor.shape[0] === query.shape[0],
    'attention',
    () => `\`${name}\` must have the batch of \`query\` ${format(query.shape)}, but has shape ${format(tensor.shape)}`,
  )
}

function checkMask(mask: Tensor, shape: readonly number[]): void {
  checkFloat('attention', 'mask', mask)
  const fits = mask.rank === 4 && mask.shape.every((size, axis) => size === shape[axis] || (size === 1 && axis < 3))
  check(
    fits,
    'attention',
    () =>
      `\`mask\` must have shape ${format(shape)} ([batch, heads, queries, keys]), the first three possibly 1, but has ${format(mask.shape)}`,
  )
}

function checkedDropout(
  dropout: DropoutOptions | undefined,
  shape: readonly number[],
): Pick<AttentionAttrs, 'dropoutRate' | 'key0' | 'key1' | 'globalShape' | 'start'> {
  const { rate = 0, key = [0, 0], layout } = dropout ?? {}
  check(rate >= 0 && rate <= 1, 'attention', () => `\`dropout.rate\` must be from 0 to 1, but is ${rate}`)
  const { globalShape = shape, start = shape.map(() => 0) } = layout ?? {}
  check(
    globalShape.length === 4 && start.length === 4,
    'attention',
    () =>
      `\`dropout.layout\` must have one number per axis of [batch, heads, queries, keys], but has globalShape ${format(globalShape)} and start ${format(start)}`,
  )
  return { dropoutRate: rate, key0: key[0], key1: key[1], globalShape, start }
}
