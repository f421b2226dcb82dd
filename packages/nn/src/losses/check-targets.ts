import { describe, LevinError } from '@levin/core'
import type { Reduction } from '@levin/ops'
import { Tensor, util } from '@tensorflow/tfjs-core'
import { remedyForNoTensor } from '../no-tensor.js'
import { badOption } from '../options.js'

/** The dtype and presence of what a loss is given. */
export function checkFloatTensor(loss: string, name: string, value: unknown): asserts value is Tensor {
  if (value instanceof Tensor && value.dtype === 'float32') return
  throw new LevinError('LEVIN_SHAPE', {
    message: `${loss}() cannot take these ${name}.`,
    expected: 'a float32 tensor',
    found: describe(value),
    remedy: value instanceof Tensor ? "Convert them with tf.cast(x, 'float32')." : remedyForNoTensor(value),
  })
}

/** A silent broadcast of `[n]` against `[n, 1]` would train towards the mean. */
export function checkSameShape(loss: string, predictions: Tensor, targets: Tensor): void {
  checkFloatTensor(loss, 'predictions', predictions)
  checkFloatTensor(loss, 'targets', targets)
  if (util.arraysEqual(predictions.shape, targets.shape)) return
  throw new LevinError('LEVIN_SHAPE', {
    message: `${loss}() needs predictions and targets of one shape.`,
    expected: `targets of shape [${predictions.shape.join(', ')}]`,
    found: `[${targets.shape.join(', ')}]`,
    remedy: 'Shapes are not broadcast here: reshape one of them, say with tf.squeeze or tf.expandDims.',
  })
}

export function checkReduction(loss: string, reduction: Reduction): void {
  if (reduction === 'mean' || reduction === 'sum' || reduction === 'none') return
  throw badOption(loss, 'reduction', "'mean', 'sum' or 'none'", reduction)
}
