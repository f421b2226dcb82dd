import { describe, type LayerRanks, LevinError, type StepContext } from '@levin/core'
import { softmaxCrossEntropy } from '@levin/ops'
import { type Scalar, Tensor, util } from '@tensorflow/tfjs-core'
import { remedyForNoTensor } from '../no-tensor.js'
import { badOption } from '../options.js'
import { type FeaturePart, partOf } from '../parallel/feature-part.js'
import { partedCrossEntropy } from '../parallel/parted-cross-entropy.js'
import { checkFloatTensor } from './check-targets.js'
import { type CrossEntropyOptions, checkedCommonOptions } from './cross-entropy.js'

/** As of `crossEntropy`, without weights of classes. */
export interface VocabularyCrossEntropyOptions extends Omit<CrossEntropyOptions, 'weight'> {
  /**
   * How many there are over all ranks, for logits that did not come straight from a linear layer, which knows. Default: as that
   * layer says; on one device, as many as there are logits.
   */
  readonly classes?: number
}

/**
 * Cross-entropy of logits of which each rank of the tensor axis has those of some classes, as a linear layer shared as
 * `'vocabulary'` gives them. No rank ever holds all of them: the ranks exchange three numbers per row. Its value is the same on
 * all ranks. On one device it is `crossEntropy`.
 *
 * Where sequences are divided too, logits and labels are of whole sequences.
 *
 * @param logits `[..., classes of this rank]` float32; on one device `[..., classes]`
 * @param labels class indices among all classes, `[...]` int32, the same on all ranks
 * @param step of the training or evaluation that goes on
 * @returns a scalar, or a loss per row `[...]` where `reduction` is `'none'`
 * @throws LEVIN_SHAPE, LEVIN_BAD_OPTION, and LEVIN_NOT_SUPPORTED over ranks where it cannot be told which classes a rank has
 */
export function vocabularyCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  step: StepContext,
  options?: VocabularyCrossEntropyOptions & { readonly reduction?: 'mean' | 'sum' },
): Scalar
export function vocabularyCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  step: StepContext,
  options: VocabularyCrossEntropyOptions,
): Tensor
export function vocabularyCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  step: StepContext,
  options: VocabularyCrossEntropyOptions = {},
): Tensor {
  const common = checkedCommonOptions('vocabularyCrossEntropy', options)
  refuseWeight(options)
  checkFloatTensor('vocabularyCrossEntropy', 'logits', logits)
  checkIndices(logits, labels)
  const ranks = step.sharing?.tensor
  const part = ranks
    ? (partOf(logits) ?? partByCount(logits, options.classes, ranks))
    : wholeByCount(logits, options.classes)
  // Of no rows nothing is asked of the others, which have none either.
  return ranks && part.whole !== logits.shape.at(-1) && labels.size > 0
    ? partedCrossEntropy(logits, labels, part, ranks, common)
    : softmaxCrossEntropy(logits, labels, common)
}

// --- Internal helpers ---

/** Which classes these are, by their number: all, or those that a rank has as parameters are divided. */
function partByCount(logits: Tensor, classes: number | undefined, ranks: LayerRanks): FeaturePart {
  if (classes === undefined) throw ofUnknownClasses(logits)
  const [start, end] = [0, 1].map((next) => Math.floor(((ranks.index + next) * classes) / ranks.count)) as [
    number,
    number,
  ]
  if (logits.shape.at(-1) === end - start) return { start, whole: classes }
  return wholeByCount(
    logits,
    classes,
    `${end - start} logits on rank ${ranks.index} of ${ranks.count}, or all ${classes}`,
  )
}

function wholeByCount(logits: Tensor, classes: number | undefined, expected = `${classes} logits`): FeaturePart {
  const width = logits.shape.at(-1) as number
  if (classes === undefined || width === classes) return { start: 0, whole: width }
  throw badOption(
    'vocabularyCrossEntropy',
    'classes',
    expected,
    classes,
    `The logits are [${logits.shape.join(', ')}].`,
  )
}

/** Taken for all of them, or for a part, they would give a wrong loss without a word. */
const ofUnknownClasses = (logits: Tensor): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: 'vocabularyCrossEntropy() cannot tell whether these are the logits of all classes.',
    expected: "what a linear layer shared as 'vocabulary' gives, as it is",
    found: `logits of shape [${logits.shape.join(', ')}] from elsewhere`,
    remedy: "Share the head as 'vocabulary', or say how many there are over all ranks: { classes }.",
  })

// The type leaves it out; a program in JavaScript would train towards something else without a word.
function refuseWeight({ weight }: CrossEntropyOptions): void {
  if (weight === undefined) return
  const expected = 'no weights of classes'
  throw badOption(
    'vocabularyCrossEntropy',
    'weight',
    expected,
    weight,
    "Use crossEntropy(), on logits of a head shared as 'gatheredColumn'.",
  )
}

function checkIndices(logits: Tensor, labels: unknown): void {
  const rows = logits.shape.slice(0, -1)
  if (labels instanceof Tensor && logits.rank > 0 && labels.dtype === 'int32' && util.arraysEqual(labels.shape, rows))
    return
  throw new LevinError('LEVIN_SHAPE', {
    message: 'vocabularyCrossEntropy() cannot take these labels.',
    expected: `class indices (int32, [${rows.join(', ')}]) for logits of shape [${logits.shape.join(', ')}]`,
    found: describe(labels),
    remedy:
      labels instanceof Tensor
        ? "Take probabilities to crossEntropy(), on logits of a head shared as 'gatheredColumn'."
        : remedyForNoTensor(labels),
  })
}
