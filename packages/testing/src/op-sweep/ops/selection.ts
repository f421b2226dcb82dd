import * as tf from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

interface Two {
  readonly a: tf.Tensor
  readonly b: tf.Tensor
}

interface One {
  readonly x: tf.Tensor
}

interface Choice {
  readonly condition: tf.Tensor
  readonly t: tf.Tensor
  readonly e: tf.Tensor
}

const two = (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor) => sweepOp<Two>(({ a, b }) => f(a, b))
const along = (f: (x: tf.Tensor, axis: number) => tf.Tensor) =>
  sweepOp<One, { axis: number }>(({ x }, { axis }) => f(x, axis))
const over = (f: (x: tf.Tensor, axis: number[]) => tf.Tensor) =>
  sweepOp<One, { axis: number[] }>(({ x }, { axis }) => f(x, axis))

export const selection = {
  greater: two(tf.greater),
  greaterEqual: two(tf.greaterEqual),
  less: two(tf.less),
  lessEqual: two(tf.lessEqual),
  equal: two(tf.equal),
  notEqual: two(tf.notEqual),
  logicalAnd: two(tf.logicalAnd),
  logicalOr: two(tf.logicalOr),
  logicalNot: sweepOp<One>(({ x }) => tf.logicalNot(x)),
  where: sweepOp<Choice>(({ condition, t, e }) => tf.where(condition, t, e)),
  max: over(tf.max),
  min: over(tf.min),
  argMax: along(tf.argMax),
  argMin: along(tf.argMin),
  cumsum: sweepOp<One, { axis: number; exclusive: boolean; reverse: boolean }>(({ x }, { axis, exclusive, reverse }) =>
    tf.cumsum(x, axis, exclusive, reverse),
  ),
}
