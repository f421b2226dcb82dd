import * as ops from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

const unary = (f: (x: tf.Tensor) => tf.Tensor) => sweepOp<{ x: tf.Tensor }>(({ x }) => f(x))

const binary = (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor) =>
  sweepOp<{ a: tf.Tensor; b: tf.Tensor }>(({ a, b }) => f(a, b))

const reduction = (f: (x: tf.Tensor, axis: number[], keepDims: boolean) => tf.Tensor) =>
  sweepOp<{ x: tf.Tensor }, { axis: number[]; keepDims: boolean }>(({ x }, { axis, keepDims }) => f(x, axis, keepDims))

export const elementwise = {
  exp: unary(tf.exp),
  log: unary(tf.log),
  tanh: unary(tf.tanh),
  tfSoftplus: unary(tf.softplus),
  erf: unary(tf.erf),
  rsqrt: unary(tf.rsqrt),
  sqrt: unary(tf.sqrt),
  neg: unary(tf.neg),
  log1p: unary(tf.log1p),
  expm1: unary(tf.expm1),
  selu: unary(tf.selu),
  sign: unary(tf.sign),
  reciprocal: unary(tf.reciprocal),
  floor: unary(tf.floor),
  ceil: unary(tf.ceil),
  pow: sweepOp<{ x: tf.Tensor }, { exponent: number }>(({ x }, { exponent }) => tf.pow(x, exponent)),
  powOf: binary(tf.pow),
  relu6: unary(tf.relu6),
  clip: sweepOp<{ x: tf.Tensor }, { low: number; high: number }>(({ x }, { low, high }) =>
    tf.clipByValue(x, low, high),
  ),
  relu: unary(ops.relu),
  leakyRelu: sweepOp<{ x: tf.Tensor }, { negativeSlope?: number }>(({ x }, { negativeSlope }) =>
    ops.leakyRelu(x, negativeSlope),
  ),
  elu: sweepOp<{ x: tf.Tensor }, { alpha?: number }>(({ x }, { alpha }) => ops.elu(x, alpha)),
  sigmoid: unary(ops.sigmoid),
  levinTanh: unary(ops.tanh),
  softplus: unary(ops.softplus),
  gelu: sweepOp<{ x: tf.Tensor }, ops.GeluOptions>(({ x }, options) => ops.gelu(x, options)),
  silu: unary(ops.silu),
  hardSwish: unary(ops.hardSwish),
  maximum: binary(tf.maximum),
  minimum: binary(tf.minimum),
  add: binary(tf.add),
  sub: binary(tf.sub),
  multiply: binary(tf.mul),
  divide: binary(tf.div),
  squaredDifference: binary(tf.squaredDifference),
  prelu: sweepOp<{ x: tf.Tensor; alpha: tf.Tensor }>(({ x, alpha }) => tf.prelu(x, alpha)),
  sum: reduction(tf.sum),
  mean: reduction(tf.mean),
}
