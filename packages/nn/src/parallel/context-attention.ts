import type { LayerRanks, StepContext } from '@levin/core'
import type { Tensor3D } from '@tensorflow/tfjs-core'
import { type AttentionMasks, additiveMask } from '../layers/attention-masks.js'
import type { MultiHeadAttention } from '../layers/multi-head-attention.js'
import { maskOfHeads, type OwnHeads } from './attention-heads.js'
import { ringAttention } from './ring-attention.js'

/**
 * What an attention layer computes where ranks have stretches of the sequences: of `own` heads, over the ring.
 *
 * A mask has the rows of this rank's queries and the columns of the keys of all ranks. `keyPadding` is of the rank's own keys, and travels
 * with them.
 *
 * @param projected query, key and value, `[batch, positions, own · size]` each
 * @param own which of the layer's heads they are
 */
export function contextAttention(
  layer: MultiHeadAttention,
  [query, key, value]: readonly [Tensor3D, Tensor3D, Tensor3D],
  { mask, keyPadding }: AttentionMasks,
  own: OwnHeads,
  step: StepContext,
  ranks: LayerRanks,
): Tensor3D {
  const { heads: whole, causal, dropout: rate } = layer
  const [batch, queries] = query.shape
  const keys = key.shape[1]
  const rows = additiveMask(layer, { mask }, [batch, whole, queries, keys * ranks.count])
  const isDropping = step.training && rate > 0
  return ringAttention(query, key, value, ranks, {
    heads: own.count,
    causal,
    mask: rows && maskOfHeads(rows, own),
    keyMask: additiveMask(layer, { keyPadding }, [batch, whole, queries, keys]),
    dropout: isDropping ? { rate, stream: step.random(layer.path), heads: { start: own.start, whole } } : undefined,
  })
}
