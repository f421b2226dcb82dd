import type { TensorRanks } from '@levin/core'
import { embedding as embeddingOp } from '@levin/ops'
import {
  cast,
  equal,
  expandDims,
  maximum,
  minimum,
  mul,
  scalar,
  slice,
  sub,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core'
import { refuseInput } from '../check-input.js'
import type { Embedding } from '../layers/embedding.js'
import { leaveShared } from './leave-shared.js'
import { ownPart } from './own-part.js'
import { requireTimeAxis } from './refusals.js'

/**
 * A table of which this rank has some rows: those of other ranks give zeros, and the sum over the ranks is what one device looks up.
 *
 * @param ids of the whole vocabulary, the same on all ranks
 */
export function sharedEmbedding(layer: Embedding, ids: Tensor, ranks: TensorRanks): Tensor {
  requireTimeAxis(layer, ids, 2, ranks)
  const { start, length, whole } = ownPart(layer.weight, ranks)
  const { rows, isOwn } = tidy(() => {
    const local = sub(ids, scalar(start, 'int32'))
    // Open at the ends of the vocabulary: an id that is no row of any rank stays the error that it is on one device.
    const above = start === 0 ? local : maximum(local, scalar(0, 'int32'))
    const rows = start + length === whole ? above : minimum(above, scalar(length - 1, 'int32'))
    return { rows, isOwn: cast(expandDims(equal(rows, local), ids.rank), 'float32') }
  })
  const padding = (layer.paddingIndex ?? -1) - start
  const isPaddingOwn = layer.paddingIndex !== undefined && padding >= 0 && padding < length
  const found = embeddingOp(layer.weight.value, rows, isPaddingOwn ? { paddingIndex: padding } : {})
  return leaveShared(mul(found, isOwn), ranks)
}

/**
 * The ids of this rank's stretch, for a table that every rank has: where ranks divide sequences, looking up is where they begin to.
 * What has no second axis is of whole samples, and stays.
 */
export function idsOfStretch(layer: Embedding, ids: Tensor, { index, count }: TensorRanks): Tensor {
  const time = ids.shape[1]
  if (time === undefined) return ids
  if (time % count !== 0) {
    const remedy = 'Cut or pad the sequences, or turn sequence parallelism off.'
    throw refuseInput(layer, ids, `sequences that ${count} ranks can divide evenly`, remedy)
  }
  const length = time / count
  const along = (whole: readonly number[], second: number) => whole.map((size, axis) => (axis === 1 ? second : size))
  const start = along(
    ids.shape.map(() => 0),
    index * length,
  )
  return slice(ids, start, along(ids.shape, length))
}
