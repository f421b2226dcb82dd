import * as tf from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

const unary = (f: (x: tf.Tensor) => tf.Tensor) => sweepOp<{ x: tf.Tensor }>(({ x }) => f(x))

export const arithmetic = {
  abs: unary(tf.abs),
  square: unary(tf.square),
  sin: unary(tf.sin),
  cos: unary(tf.cos),
  atan: unary(tf.atan),
  logSigmoid: unary(tf.logSigmoid),
  step: unary((x) => tf.step(x)),
  softmax: unary((x) => tf.softmax(x)),
  logSoftmax: unary((x) => tf.logSoftmax(x)),
  logSumExp: unary((x) => tf.logSumExp(x, -1)),
  addN: sweepOp<Record<string, tf.Tensor>>((terms) => tf.addN(Object.values(terms))),
}
