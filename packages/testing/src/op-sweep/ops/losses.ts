import * as ops from '@levin/ops'
import type { Tensor } from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

interface Pair {
  readonly predictions: Tensor
  readonly targets: Tensor
}

interface Classes {
  readonly logits: Tensor
  readonly targets: Tensor
  readonly weight?: Tensor
}

export const losses = {
  crossEntropy: sweepOp<Classes, ops.SoftmaxCrossEntropyOptions>(({ logits, targets, weight }, options) =>
    ops.softmaxCrossEntropy(logits, targets, { ...options, weight }),
  ),
  mse: sweepOp<Pair, ops.RegressionLossOptions>(({ predictions, targets }, options) =>
    ops.mse(predictions, targets, options),
  ),
  mae: sweepOp<Pair, ops.RegressionLossOptions>(({ predictions, targets }, options) =>
    ops.mae(predictions, targets, options),
  ),
  huber: sweepOp<Pair, ops.HuberOptions>(({ predictions, targets }, options) =>
    ops.huber(predictions, targets, options),
  ),
  binaryCrossEntropy: sweepOp<Classes & { positiveWeight?: Tensor }, ops.BinaryCrossEntropyOptions>(
    ({ logits, targets, weight, positiveWeight }, options) =>
      ops.binaryCrossEntropyWithLogits(logits, targets, {
        ...options,
        ...(weight && { weight }),
        ...(positiveWeight && { positiveWeight }),
      }),
  ),
}
