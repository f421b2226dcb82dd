import type { MetricDefinition, MetricState } from '@levin/core'
import {
  cast,
  equal,
  expandDims,
  greater,
  greaterEqual,
  less,
  logicalAnd,
  logicalOr,
  mul,
  range,
  reshape,
  scalar,
  sub,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core'
import { badOption, checkOptions, countFrom } from './checks.js'
import {
  atIndex,
  type ClassOptions,
  classOptionRules,
  counted,
  labelClasses,
  predictedClasses,
  readBatch,
} from './classes.js'
import { emptyState, joined, measure } from './measure.js'

export interface AccuracyOptions extends ClassOptions {
  /** A label is met when it is among the classes of the highest `topK` scores. Default 1. Ties go to the lower class. */
  readonly topK?: number
}

/** State: `[labels met, labels that count]`. */
export const accuracyMetric: MetricDefinition = {
  name: 'accuracy',
  size: 2,
  reduction: 'sum',
  compute: ([correct = 0, total = 0]) => correct / total,
}

/**
 * Share of labels that were predicted; NaN of none.
 *
 * @param output scores `[…, classes]` (logits or probabilities, the order is all that counts), class indices `[…]`
 *   (int32), or with `threshold` scores of two classes `[…]`
 * @param labels class indices `[…]`, int32. One outside the classes is never met.
 * @throws LEVIN_BATCH_SHAPE, LEVIN_BAD_OPTION
 */
export function accuracy(output: Tensor, labels: Tensor, options: AccuracyOptions = {}): MetricState {
  checkOptions('accuracy', options, { ...classOptionRules, topK: countFrom(1) })
  const batch = readBatch('accuracy', output, labels, options)
  const { topK = 1 } = options
  if (topK > 1) requireTopK(topK, batch.kind === 'scores' ? batch.classes : undefined)
  if (batch.count === 0) return measure(accuracyMetric, () => emptyState(accuracyMetric))
  return measure(accuracyMetric, () => {
    const indices = labelClasses(labels)
    const met =
      topK === 1
        ? cast(equal(predictedClasses(output, batch, options), indices), 'float32')
        : amongHighest(cast(reshape(output, [batch.count, -1]), 'float32'), indices, topK)
    const mask = counted(indices, options)
    if (!mask) return joined([sum(met), scalar(batch.count)])
    const counts = cast(mask, 'float32')
    return joined([sum(mul(met, counts)), sum(counts)])
  })
}

/**
 * 1 for each label among the highest k scores, `[count]`, float32: counts the classes that the label's score beats. So a
 * score that is NaN beats none, and a model that has diverged is not perfect.
 *
 * The label's own score by selection: stock wasm's gather reads out of bounds when it gathers by row.
 */
function amongHighest(scores: Tensor, labels: Tensor, k: number): Tensor {
  const classes = scores.shape[1] as number
  const here = atIndex(labels, classes)
  // Selected and not multiplied: an infinite score elsewhere would make it NaN.
  const own = sum(where(here, scores, zerosLike(scores)), 1, true)
  const lead = sub(scores, own)
  const behind = greater(sub(expandDims(range(0, classes, 1, 'int32'), 0), expandDims(labels, 1)), 0)
  const beaten = logicalOr(less(lead, 0), logicalAnd(equal(lead, 0), behind))
  const isAmong = greaterEqual(sum(cast(beaten, 'float32'), 1), classes - k)
  const isClass = sum(cast(here, 'float32'), 1)
  return mul(cast(isAmong, 'float32'), isClass)
}

function requireTopK(topK: number, classes: number | undefined): void {
  if (classes !== undefined && topK <= classes) return
  throw badOption(
    'The option `topK` of accuracy is wrong.',
    classes === undefined ? 'scores [batch, classes] to go with it' : `at most the ${classes} classes of the scores`,
    classes === undefined ? 'one prediction per label' : String(topK),
  )
}
