import type { LayerRanks } from '@levin/core'
import type { Reduction } from '@levin/ops'
import {
  add,
  cast,
  customGrad,
  div,
  equal,
  exp,
  expandDims,
  type GradSaveFunc,
  gather,
  greaterEqual,
  less,
  log,
  logicalAnd,
  logicalNot,
  max,
  maximum,
  minimum,
  mul,
  notEqual,
  type Rank,
  range,
  reshape,
  type Scalar,
  scalar,
  stack,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor1d,
  unstack,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core'
import type { FeaturePart } from './feature-part.js'

export interface PartedCrossEntropyOptions {
  readonly labelSmoothing: number
  readonly ignoreIndex: number
  readonly reduction: Reduction
}

/**
 * Cross-entropy of logits whose classes are divided among ranks (Shoeybi et al. 2019, section 3).
 *
 * The largest logit of each row is agreed first, then three sums in one: of exponentials, of the label's own logit, which one rank
 * has, and of all logits, for smoothing. The gradient needs no exchange: what the softmax of a rank's classes is follows from its
 * logits and the sum over all.
 *
 * Arguments are checked by its caller; there is at least one row.
 */
export function partedCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  part: FeaturePart,
  ranks: LayerRanks,
  options: PartedCrossEntropyOptions,
): Tensor {
  const width = logits.shape[logits.rank - 1] as number
  const shape = [labels.size, width] as [number, number]
  const loss = customGrad((given: Tensor | GradSaveFunc, saveFunction?: Tensor | GradSaveFunc) => {
    const x = reshape<Rank.R2>(given as Tensor, shape)
    const terms = labelTerms(reshape(labels, [labels.size]), part, width, options)
    const { losses, logSumExp } = forward(x, terms, ranks, part, options)
    const counted = sum<Scalar>(cast(terms.present, 'float32'))
    const save = saveFunction as GradSaveFunc
    save([x, terms.labels, logSumExp, counted])
    return {
      value: reduced(losses, counted, labels.shape, options.reduction),
      gradFunc: (gradient: Tensor, saved: Tensor[]) =>
        reshape(backward(gradient, saved as Saved, part, options), logits.shape),
    }
  })
  return loss(logits)
}

// --- Internal helpers ---

type Saved = [x: Tensor2D, labels: Tensor1D, logSumExp: Tensor1D, counted: Scalar]

const integer = (value: number): Scalar => scalar(value, 'int32')

/** What both directions need of the labels. */
function labelTerms(
  labels: Tensor1D,
  { start, whole }: FeaturePart,
  width: number,
  { ignoreIndex }: PartedCrossEntropyOptions,
) {
  const present = notEqual(labels, integer(ignoreIndex))
  const isClass = logicalAnd(greaterEqual(labels, integer(0)), less(labels, integer(whole)))
  // A label that is no class, as in crossEntropy: its row becomes NaN on all ranks, which is noticed without a read per step.
  const wrong = logicalAnd(present, logicalNot(isClass))
  const poison = gather(tensor1d([0, Number.NaN]), cast(wrong, 'int32') as Tensor1D)
  const local = sub<Tensor1D>(labels, integer(start))
  const row = minimum<Tensor1D>(maximum(local, integer(0)), integer(width - 1))
  const isOwn = equal(row, local)
  return { labels, present, poison, local, row, isOwn }
}

type LabelTerms = ReturnType<typeof labelTerms>

/** Of each row, over all ranks. */
function forward(
  x: Tensor2D,
  { present, poison, row, isOwn }: LabelTerms,
  ranks: LayerRanks,
  { whole }: FeaturePart,
  { labelSmoothing }: PartedCrossEntropyOptions,
): { losses: Tensor1D; logSumExp: Tensor1D } {
  const [rows, width] = x.shape
  const highest = ranks.max(max(x, 1))
  const shifted = sub<Tensor2D>(x, expandDims(highest, 1))
  const place = add<Tensor1D>(range(0, rows * width, width, 'int32'), row)
  const found = gather(reshape(shifted, [rows * width]), place)
  const sums = [sum(exp(shifted), 1), where(isOwn, found, zerosLike(found))]
  if (labelSmoothing > 0) sums.push(sum(shifted, 1))
  const [exponentials, ofLabel, ofAll] = unstack(ranks.sum(stack(sums))) as [Tensor1D, Tensor1D, Tensor1D?]
  const logSum = log(exponentials)
  let losses: Tensor = mul(sub(logSum, ofLabel), 1 - labelSmoothing)
  if (ofAll) losses = add(losses, mul(sub(logSum, div(ofAll, whole)), labelSmoothing))
  // An ignored row may hold infinities: chosen away, not multiplied by zero.
  losses = add(where(present, losses, zerosLike(losses)), poison)
  return { losses: losses as Tensor1D, logSumExp: add(highest, logSum) }
}

function reduced(losses: Tensor1D, counted: Scalar, shape: number[], reduction: Reduction): Tensor {
  if (reduction === 'none') return reshape(losses, shape)
  return reduction === 'sum' ? sum(losses) : div(sum(losses), counted)
}

/** The gradient of this rank's logits: probabilities minus targets. */
function backward(
  gradient: Tensor,
  [x, labels, logSumExp, counted]: Saved,
  part: FeaturePart,
  options: PartedCrossEntropyOptions,
): Tensor2D {
  const { labelSmoothing, reduction } = options
  const [rows, width] = x.shape
  const { present, poison, local } = labelTerms(labels, part, width, options)
  const probabilities = exp(sub(x, expandDims(logSumExp, 1)))
  const isLabel = equal(range(0, width, 1, 'int32'), reshape(local, [rows, 1]))
  const target = add(mul(cast(isLabel, 'float32'), 1 - labelSmoothing), labelSmoothing / part.whole)
  const flat = reduction === 'none' ? reshape(gradient, [rows]) : gradient
  const scale = reduction === 'mean' ? div(flat, counted) : flat
  const perRow = mul(sub(probabilities, target), expandDims(add(mul(scale, cast(present, 'float32')), poison), 1))
  // Chosen, not multiplied: with all rows ignored the scale is 1 / 0, and gradients are zero all the same.
  return where(expandDims(present, 1), perRow, zerosLike(perRow)) as Tensor2D
}
