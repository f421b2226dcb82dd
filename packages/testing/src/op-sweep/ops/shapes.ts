import * as tf from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

interface One {
  readonly x: tf.Tensor
}

interface Blocks {
  readonly blockShape: number[]
  readonly paddings: number[][]
  readonly crops: number[][]
}

export const shapes = {
  reshape: sweepOp<One, { shape: number[] }>(({ x }, { shape }) => tf.reshape(x, shape)),
  expandDims: sweepOp<One, { axis: number }>(({ x }, { axis }) => tf.expandDims(x, axis)),
  squeeze: sweepOp<One>(({ x }) => tf.squeeze(x)),
  broadcastTo: sweepOp<One, { shape: number[] }>(({ x }, { shape }) => tf.broadcastTo(x, shape as [number])),
  spaceToBatchND: sweepOp<One, Blocks>(({ x }, { blockShape, paddings }) => tf.spaceToBatchND(x, blockShape, paddings)),
  batchToSpaceND: sweepOp<One, Blocks>(({ x }, { blockShape, crops }) => tf.batchToSpaceND(x, blockShape, crops)),
  cumprod: sweepOp<One, { axis: number; exclusive: boolean; reverse: boolean }>(({ x }, { axis, exclusive, reverse }) =>
    tf.cumprod(x, axis, exclusive, reverse),
  ),
  topk: sweepOp<One, { k: number }>(({ x }, { k }) => tf.topk(x, k).values),
  gatherND: sweepOp<One & { indices: tf.Tensor }>(({ x, indices }) => tf.gatherND(x, indices)),
  scatterND: sweepOp<{ updates: tf.Tensor; indices: tf.Tensor }, { shape: number[] }>(
    ({ updates, indices }, { shape }) => tf.scatterND(indices, updates, shape as [number]),
  ),
  oneHot: sweepOp<{ indices: tf.Tensor }, { depth: number }>(({ indices }, { depth }) =>
    tf.oneHot(indices, depth, 1, 0, 'float32'),
  ),
  fill: sweepOp<object, { shape: number[]; value: number }>((_, { shape, value }) => tf.fill(shape, value)),
  zerosLike: sweepOp<One>(({ x }) => tf.zerosLike(x)),
  range: sweepOp<object, { start: number; stop: number; step: number }>((_, { start, stop, step }) =>
    tf.range(start, stop, step, 'int32'),
  ),
}
