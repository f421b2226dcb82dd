import type { Tensor } from '@tensorflow/tfjs-core'
import { check, checkFloat, checkInt, checkShape, format, sameShape } from './checks.js'
import { checkReduction, type Reduction } from './reduction.js'
import { softCrossEntropy } from './soft-cross-entropy.js'
import { sparseCrossEntropy } from './sparse-cross-entropy.js'

export interface SoftmaxCrossEntropyOptions {
  /** Share of the target spread evenly over all classes, 0 to 1. Default 0. Szegedy et al. 2015. */
  readonly labelSmoothing?: number | undefined
  /** A class index whose rows count for nothing. Default -100. Of no effect with probabilities. */
  readonly ignoreIndex?: number | undefined
  /** `'mean'` is weighted by `weight` with class indices, and over rows with probabilities. Default `'mean'`. */
  readonly reduction?: Reduction | undefined
  /** Weight of each class, `[classes]` float32. Has no gradient. Default: all 1. */
  readonly weight?: Tensor | undefined
}

/**
 * Cross-entropy of the softmax of `logits` with `targets`: PyTorch's `cross_entropy`, its classes last.
 *
 * No softmax is kept, and with class indices no one-hot matrix: backward needs the logits, the labels and one number
 * per row. A label that is no class (and not `ignoreIndex`) makes its row's loss and gradients NaN; so does the mean
 * over a batch in which every row is ignored (its gradients are 0). Neither costs a read.
 *
 * @param logits `[..., classes]` float32
 * @param targets class indices `[...]` int32, or probabilities `[..., classes]` float32 (these may have a gradient)
 * @returns a scalar, or the losses `[...]` where `reduction` is `'none'`
 */
export function softmaxCrossEntropy(logits: Tensor, targets: Tensor, options: SoftmaxCrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0, ignoreIndex = -100, reduction = 'mean', weight } = options
  const name = 'softmaxCrossEntropy'
  checkFloat(name, 'logits', logits)
  checkReduction(name, reduction)
  check(
    logits.rank >= 1 && logits.shape[logits.rank - 1] !== 0,
    name,
    () => `\`logits\` must be [..., classes] with at least one class, but has shape ${format(logits.shape)}`,
  )
  check(
    labelSmoothing >= 0 && labelSmoothing <= 1,
    name,
    () => `\`labelSmoothing\` must be from 0 to 1, but is ${labelSmoothing}`,
  )
  if (weight !== undefined) {
    checkFloat(name, 'weight', weight)
    checkShape(name, 'weight', weight, logits.shape.slice(-1), 'one number per class')
  }
  if (targets.dtype === 'float32' && sameShape(targets.shape, logits.shape)) {
    return softCrossEntropy(logits, targets, weight, { labelSmoothing, reduction })
  }
  check(
    sameShape(targets.shape, logits.shape.slice(0, -1)),
    name,
    () =>
      `\`targets\` must be class indices ${format(logits.shape.slice(0, -1))} int32 or probabilities ${format(logits.shape)} float32 to fit \`logits\` ${format(logits.shape)}, but are ${format(targets.shape)} ${targets.dtype}`,
  )
  checkInt(name, 'targets', targets)
  return sparseCrossEntropy(logits, targets, weight, { labelSmoothing, ignoreIndex, reduction })
}
