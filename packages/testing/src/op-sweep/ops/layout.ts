import * as tf from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

interface One {
  readonly x: tf.Tensor
}

export const layout = {
  slice: sweepOp<One, { begin: number[]; size: number[] }>(({ x }, { begin, size }) => tf.slice(x, begin, size)),
  concat: sweepOp<{ a: tf.Tensor; b: tf.Tensor }, { axis: number }>(({ a, b }, { axis }) => tf.concat([a, b], axis)),
  pad: sweepOp<One, { paddings: [number, number][]; value: number }>(({ x }, { paddings, value }) =>
    tf.pad(x, paddings, value),
  ),
  mirrorPad: sweepOp<One, { paddings: [number, number][]; mode: 'reflect' | 'symmetric' }>(
    ({ x }, { paddings, mode }) => tf.mirrorPad(x, paddings, mode),
  ),
  stack: sweepOp<{ a: tf.Tensor; b: tf.Tensor }, { axis: number }>(({ a, b }, { axis }) => tf.stack([a, b], axis)),
  unstack: sweepOp<One, { axis: number }>(({ x }, { axis }) => tf.unstack(x, axis)),
  split: sweepOp<One, { sizes: number[]; axis: number }>(({ x }, { sizes, axis }) => tf.split(x, sizes, axis)),
  stridedSlice: sweepOp<One, { begin: number[]; end: number[]; strides: number[] }>(({ x }, { begin, end, strides }) =>
    tf.stridedSlice(x, begin, end, strides),
  ),
  transpose: sweepOp<One, { perm: number[] }>(({ x }, { perm }) => tf.transpose(x, perm)),
  tile: sweepOp<One, { reps: number[] }>(({ x }, { reps }) => tf.tile(x, reps)),
  reverse: sweepOp<One, { axis: number[] }>(({ x }, { axis }) => tf.reverse(x, axis)),
  clone: sweepOp<One>(({ x }) => tf.clone(x)),
  cast: sweepOp<One, { dtype: tf.DataType }>(({ x }, { dtype }) => tf.cast(x, dtype)),
}
