import type { LevinError } from '@levin/core'
import { argMax, cast, equal, expandDims, greater, notEqual, range, reshape, type Tensor } from '@tensorflow/tfjs-core'
import { anyNumber, batchError, format, type OptionRule, requireNumeric, sameShape, wholeNumber } from './checks.js'

/** How outputs and labels are read, by every metric of classification. */
export interface ClassOptions {
  /**
   * The outputs are scores of two classes, one float per label, and the second class is predicted above this value: 0
   * for logits, 0.5 for probabilities. Labels are 0 or 1, of any dtype. No default: the two cannot be told apart.
   */
  readonly threshold?: number
  /** Samples with this label do not count, such as padding. Default: all count. */
  readonly ignoreIndex?: number
}

export const classOptionRules: Readonly<Record<keyof ClassOptions, OptionRule>> = {
  threshold: anyNumber,
  ignoreIndex: wholeNumber,
}

/** What the outputs are, after their shapes and dtypes have been checked. */
export interface ClassBatch {
  /** `scores`: a float per class, `[…, classes]`. `binary`: one float per label. `predictions`: class indices. */
  readonly kind: 'scores' | 'binary' | 'predictions'
  /** Labels in the batch, of all axes. */
  readonly count: number
  /** Known unless the outputs are class indices. */
  readonly classes: number | undefined
}

/**
 * Checks one batch.
 *
 * @param output scores `[…, classes]`, class indices `[…]` (int32), or with a threshold scores of two classes `[…]`
 * @param labels class indices `[…]` (int32)
 * @throws LEVIN_BATCH_SHAPE
 */
export function readBatch(metric: string, output: Tensor, labels: Tensor, { threshold }: ClassOptions): ClassBatch {
  requireNumeric(metric, 'output', output)
  requireNumeric(metric, 'labels', labels)
  const count = labels.size
  if (threshold !== undefined) {
    requireBinary(metric, output, labels)
    return { kind: 'binary', count, classes: 2 }
  }
  if (sameShape(output.shape, labels.shape)) {
    if (output.dtype === 'float32') throw ambiguous(metric, output, labels)
    requireIndices(metric, labels)
    return { kind: 'predictions', count, classes: undefined }
  }
  const classes = output.shape.at(-1)
  if (classes === undefined || !sameShape(output.shape.slice(0, -1), labels.shape)) throw misfit(metric, output, labels)
  if (classes < 2) {
    throw batchError(
      metric,
      'scores of at least two classes',
      `\`output\` of shape ${format(output.shape)}`,
      'One score per label is a choice between two classes: pass `threshold` (0 for logits, 0.5 for probabilities).',
    )
  }
  requireIndices(metric, labels)
  return { kind: 'scores', count, classes }
}

/** The predicted class of each label, `[count]`, int32. */
export function predictedClasses(output: Tensor, { kind, count, classes }: ClassBatch, options: ClassOptions): Tensor {
  if (kind === 'scores') return argMax(reshape(output, [count, classes as number]), 1)
  const flat = reshape(output, [count])
  return cast(kind === 'binary' ? greater(flat, options.threshold as number) : flat, 'int32')
}

/** The labels as class indices, `[count]`, int32. */
export const labelClasses = (labels: Tensor): Tensor => cast(reshape(labels, [labels.size]), 'int32')

/** Which labels count, `[count]`, bool; `undefined` for all. */
export const counted = (labels: Tensor, { ignoreIndex }: ClassOptions): Tensor | undefined =>
  ignoreIndex === undefined ? undefined : notEqual(labels, ignoreIndex)

/**
 * `[count, classes]`, bool: true at each index. By comparison: an index outside the classes gives a row without any,
 * where some backends' OneHot would write past the end.
 */
export const atIndex = (indices: Tensor, classes: number): Tensor =>
  equal(expandDims(indices, 1), expandDims(range(0, classes, 1, 'int32'), 0))

function requireBinary(metric: string, output: Tensor, labels: Tensor): void {
  const flat = output.shape.at(-1) === 1 ? output.shape.slice(0, -1) : undefined
  if (sameShape(output.shape, labels.shape) || (flat && sameShape(flat, labels.shape))) return
  throw batchError(
    metric,
    'with `threshold` one score per label',
    `\`output\` ${format(output.shape)} and \`labels\` ${format(labels.shape)}`,
    'Leave `threshold` out for scores per class [batch, classes].',
  )
}

function requireIndices(metric: string, labels: Tensor): void {
  if (labels.dtype !== 'float32') return
  throw batchError(
    metric,
    '`labels` to be class indices, int32',
    `a float32 tensor of shape ${format(labels.shape)}`,
    "Convert indices with tf.cast(labels, 'int32'), one-hot labels with tf.argMax(labels, -1).",
  )
}

function ambiguous(metric: string, output: Tensor, labels: Tensor): LevinError {
  return batchError(
    metric,
    'scores [batch, classes] for labels [batch], or int32 predictions of the shape of the labels',
    `float32 \`output\` and ${labels.dtype} \`labels\`, both ${format(output.shape)}`,
    "For two classes pass `threshold` (0 for logits, 0.5 for probabilities); for one-hot labels pass tf.argMax(labels, -1); for class indices pass tf.cast(output, 'int32').",
  )
}

function misfit(metric: string, output: Tensor, labels: Tensor): LevinError {
  return batchError(
    metric,
    `\`output\` of shape [${[...labels.shape, 'classes'].join(', ')}] or ${format(labels.shape)} for labels ${format(labels.shape)}`,
    format(output.shape),
  )
}
