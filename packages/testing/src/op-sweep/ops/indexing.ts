import { embedding } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

export const indexing = {
  gather: sweepOp<{ x: tf.Tensor; indices: tf.Tensor }, { axis: number }>(({ x, indices }, { axis }) =>
    tf.gather(x, indices, axis),
  ),
  segmentSum: sweepOp<{ x: tf.Tensor; segmentIds: tf.Tensor1D }, { count: number }>(({ x, segmentIds }, { count }) =>
    tf.unsortedSegmentSum(x, segmentIds, count),
  ),
  embedding: sweepOp<{ table: tf.Tensor; ids: tf.Tensor }, { paddingIndex?: number }>(({ table, ids }, options) =>
    embedding(table, ids, options),
  ),
}
