import * as tf from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

interface Window {
  readonly filterSize: [number, number]
  readonly strides: [number, number]
  readonly pad: 'valid' | 'same' | number
}

export const pooling = {
  maxPool: sweepOp<{ x: tf.Tensor4D }, Window>(({ x }, { filterSize, strides, pad }) =>
    tf.maxPool(x, filterSize, strides, pad),
  ),
  avgPool: sweepOp<{ x: tf.Tensor4D }, Window>(({ x }, { filterSize, strides, pad }) =>
    tf.avgPool(x, filterSize, strides, pad),
  ),
}
