import { type FusedActivation, linear } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

type Fused = Parameters<typeof tf.fused.matMul>[0]

export const products = {
  matMul: sweepOp<{ a: tf.Tensor; b: tf.Tensor }, { transposeA: boolean; transposeB: boolean }>(
    ({ a, b }, { transposeA, transposeB }) => tf.matMul(a, b, transposeA, transposeB),
  ),
  einsum: sweepOp<{ a: tf.Tensor; b?: tf.Tensor }, { equation: string }>(({ a, b }, { equation }) =>
    b === undefined ? tf.einsum(equation, a) : tf.einsum(equation, a, b),
  ),
  linear: sweepOp<
    { x: tf.Tensor; weight: tf.Tensor; bias?: tf.Tensor },
    { activation?: FusedActivation; negativeSlope?: number }
  >(({ x, weight, bias }, options) => linear(x, weight, bias, options)),
  fusedMatMul: sweepOp<
    { a: tf.Tensor; b: tf.Tensor; bias: tf.Tensor; slope?: tf.Tensor },
    { activation: NonNullable<Fused['activation']>; leakyreluAlpha?: number }
  >(({ a, b, bias, slope }, { activation, leakyreluAlpha = 0 }) =>
    tf.fused.matMul({
      a: a as Fused['a'],
      b: b as Fused['b'],
      bias,
      activation,
      leakyreluAlpha,
      ...(slope && { preluActivationWeights: slope }),
    }),
  ),
}
