import { describe, LevinError } from '@levin/core'
import { type Reduction, softmaxCrossEntropy } from '@levin/ops'
import { type Scalar, Tensor, tensor1d, tidy, util } from '@tensorflow/tfjs-core'
import { remedyForNoTensor } from '../no-tensor.js'
import { badOption, numberWithin } from '../options.js'
import { isParted, partOf } from '../parallel/feature-part.js'
import { checkFloatTensor, checkReduction } from './check-targets.js'

export interface CrossEntropyOptions {
  /** Share of the target that is spread evenly over all classes, 0 to 1. Default 0. Szegedy et al. 2015. */
  readonly labelSmoothing?: number
  /** Class index whose rows count for nothing. Default -100. Has no effect on probabilities. */
  readonly ignoreIndex?: number
  /** Weight of each class. With class indices, the mean is weighted by it. Default: all 1. */
  readonly weight?: Tensor | readonly number[]
  /** Default `'mean'`. */
  readonly reduction?: Reduction
}

/**
 * Cross-entropy of the softmax of `logits` with labels: PyTorch's `cross_entropy`, the classes last.
 *
 * A label that is no class makes the loss NaN, which costs no read and is noticed as a loss that is not finite. The
 * mean over a batch in which every row is ignored is NaN too; its gradients are 0.
 *
 * @param logits `[..., classes]` float32, before any softmax
 * @param labels class indices `[...]` int32, or probabilities `[..., classes]` float32
 * @returns a scalar, or a loss per row `[...]` where `reduction` is `'none'`
 * @throws LEVIN_SHAPE, LEVIN_BAD_OPTION
 */
export function crossEntropy(
  logits: Tensor,
  labels: Tensor,
  options?: CrossEntropyOptions & { readonly reduction?: 'mean' | 'sum' },
): Scalar
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions): Tensor
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { weight } = options
  checkFloatTensor('crossEntropy', 'logits', logits)
  refuseParts(logits)
  checkLabels(logits, labels)
  const common = checkedCommonOptions('crossEntropy', options)
  if (weight === undefined) return softmaxCrossEntropy(logits, labels, common)
  checkWeight(logits, weight)
  return tidy(() =>
    softmaxCrossEntropy(logits, labels, {
      ...common,
      weight: weight instanceof Tensor ? weight : tensor1d([...weight], 'float32'),
    }),
  )
}

/** What both forms of the loss take, with their defaults. */
export function checkedCommonOptions(loss: string, options: CrossEntropyOptions) {
  const { labelSmoothing = 0, ignoreIndex = -100, reduction = 'mean' } = options
  checkReduction(loss, reduction)
  numberWithin(loss, 'labelSmoothing', labelSmoothing, { from: 0, to: 1 })
  if (!Number.isInteger(ignoreIndex)) throw badOption(loss, 'ignoreIndex', 'a whole number', ignoreIndex)
  return { labelSmoothing, ignoreIndex, reduction }
}

// --- Internal helpers ---

/** The loss of some of the classes would be a number like any other. */
function refuseParts(logits: Tensor): void {
  if (!isParted(logits)) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: 'crossEntropy() needs the logits of all classes, of which each rank has a part here.',
    expected: "logits of a head that is shared as 'gatheredColumn', or not at all",
    found: `[${logits.shape.join(', ')}], a part of ${partOf(logits)?.whole} classes`,
    remedy: "Share the head as 'gatheredColumn', or use vocabularyCrossEntropy(logits, labels, step).",
  })
}

function checkLabels(logits: Tensor, labels: unknown): void {
  const rows = logits.shape.slice(0, -1)
  if (labels instanceof Tensor && logits.rank > 0) {
    if (labels.dtype === 'int32' && util.arraysEqual(labels.shape, rows)) return
    if (labels.dtype === 'float32' && util.arraysEqual(labels.shape, logits.shape)) return
  }
  const indices = `class indices (int32, [${rows.join(', ')}])`
  const probabilities = `probabilities (float32, [${logits.shape.join(', ')}])`
  throw new LevinError('LEVIN_SHAPE', {
    message: 'crossEntropy() cannot take these labels.',
    expected: `${indices} or ${probabilities} for logits of shape [${logits.shape.join(', ')}]`,
    found: describe(labels),
    remedy: remedyFor(logits, labels, rows),
  })
}

function remedyFor(logits: Tensor, labels: unknown, rows: readonly number[]): string {
  if (!(labels instanceof Tensor)) return remedyForNoTensor(labels)
  if (util.arraysEqual(labels.shape, [...rows])) return "Convert them with tf.cast(labels, 'int32')."
  if (util.arraysEqual(labels.shape, logits.shape)) return "Convert them with tf.cast(labels, 'float32')."
  if (util.arraysEqual(labels.shape, [...rows, 1])) return 'Drop the last axis with tf.squeeze(labels, [-1]).'
  return 'The axes of the labels must be those of the logits, but for the classes.'
}

function checkWeight(logits: Tensor, weight: Tensor | readonly number[]): void {
  const classes = logits.shape.at(-1)
  const size = weight instanceof Tensor ? weight.shape : [weight.length]
  const isFloat = !(weight instanceof Tensor) || weight.dtype === 'float32'
  if (isFloat && size.length === 1 && size[0] === classes) return
  throw badOption('crossEntropy', 'weight', `one number per class, [${classes}] float32`, weight)
}
