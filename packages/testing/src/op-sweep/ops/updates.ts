import { accumulate, squaredNorm } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

export const updates = {
  squaredNorm: sweepOp<Record<string, tf.Tensor>>((tensors) => squaredNorm(Object.values(tensors))),
  // On a copy, since it is changed.
  accumulate: sweepOp<{ target: tf.Tensor; gradient: tf.Tensor; weight?: tf.Scalar }, { weight?: number }>(
    ({ target, gradient, weight }, args) => accumulate(tf.mul(target, 1), gradient, weight ?? args.weight),
  ),
}
