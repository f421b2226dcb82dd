import {
  add,
  cast,
  div,
  exp,
  expandDims,
  gather,
  logicalAnd,
  logSumExp,
  maximum,
  minimum,
  mul,
  notEqual,
  oneHot,
  ones,
  range,
  scalar,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type TensorInfo,
  tensor1d,
  tidy,
  where,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import type { Reduction } from './reduction.js'
import { reshaped } from './reshaped.js'
import { sumAll } from './sums.js'
import { recordNode } from './tape-node.js'

/**
 * Inputs of `LevinSparseCrossEntropy`. Outputs: `[loss, logSumExp, totalWeight]`:
 * loss `[]`, or `[rows]` unreduced; logSumExp `[rows]`, log of the sum of exponentials of each row; totalWeight `[]`,
 * the sum of the weights of the labels of all rows that are not ignored (their number, where there are no weights).
 */
export interface SparseCrossEntropyInputs {
  /** `[rows, classes]` float32. */
  readonly logits: TensorInfo
  /** `[rows]` int32. */
  readonly labels: TensorInfo
  /** `[classes]` float32, where classes are weighted. */
  readonly weight?: TensorInfo
}

/** Inputs of `LevinSparseCrossEntropyGrad`. Output: gradient of the logits, `[rows, classes]`. */
export interface SparseCrossEntropyGradInputs extends SparseCrossEntropyInputs {
  /** Gradient of the loss: `[]`, or `[rows]` unreduced. */
  readonly dy: TensorInfo
  /** `[rows]`, of the forward. */
  readonly logSumExp: TensorInfo
  /** `[]`, of the forward. */
  readonly totalWeight: TensorInfo
}

export interface SparseCrossEntropyAttrs {
  readonly labelSmoothing: number
  readonly ignoreIndex: number
  readonly reduction: Reduction
}

/** Cross-entropy with class indices; arguments are checked by its caller. */
export function sparseCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  weight: Tensor | undefined,
  attrs: SparseCrossEntropyAttrs,
): Tensor {
  const classes = logits.shape[logits.rank - 1] as number
  const rows = labels.size
  return recordNode({
    name: 'softmaxCrossEntropy',
    inputs: { logits },
    forward(save) {
      const inputs = withWeight({ logits: reshaped(logits, [rows, classes]), labels: reshaped(labels, [rows]) }, weight)
      const [loss, logSumExps, totalWeight] = hasKernel(kernelNames.sparseCrossEntropy)
        ? (callOwnKernel(kernelNames.sparseCrossEntropy, inputs, attrs) as [Tensor, Tensor, Tensor])
        : composedForward(inputs, attrs)
      const saved = [inputs.logits, inputs.labels, logSumExps, totalWeight]
      save(weight === undefined ? saved : [...saved, weight])
      return attrs.reduction === 'none' ? reshaped(loss, labels.shape) : loss
    },
    backward: (dy, saved) => ({ logits: () => reshaped(gradient(dy, saved, attrs), logits.shape) }),
  })
}

// --- Internal helpers ---

interface Operands {
  logits: Tensor
  labels: Tensor
  weight?: Tensor
}

const withWeight = (operands: Operands, weight: Tensor | undefined): Operands =>
  weight === undefined ? operands : { ...operands, weight }

function gradient(dy: Tensor, saved: Tensor[], attrs: SparseCrossEntropyAttrs): Tensor {
  const [logits, labels, logSumExps, totalWeight, weight] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor?]
  return tidy(() => {
    const operands = withWeight({ logits, labels }, weight)
    const flatDy = attrs.reduction === 'none' ? reshaped(dy, labels.shape) : dy
    const inputs = { ...operands, dy: flatDy, logSumExp: logSumExps, totalWeight }
    return hasKernel(kernelNames.sparseCrossEntropyGrad)
      ? (callOwnKernel(kernelNames.sparseCrossEntropyGrad, inputs, attrs)[0] as Tensor)
      : composedGradient(inputs, attrs)
  })
}

/** What both directions need of the labels. */
function labelTerms({ logits, labels, weight }: Operands, { ignoreIndex, labelSmoothing }: SparseCrossEntropyAttrs) {
  const [rows, classes] = logits.shape as [number, number]
  // Scalars of the labels' own type: with numbers tfjs would convert the labels at every use.
  const integer = (value: number) => scalar(value, 'int32')
  const index = minimum(maximum(labels, integer(0)), integer(classes - 1)) as Tensor1D
  const present = notEqual(labels, integer(ignoreIndex))
  const counted = cast(present, 'float32')
  // A label outside the classes that is not the ignored one: its row becomes NaN, which is noticed without a read per step.
  const wrong = logicalAnd(present, notEqual(labels, index))
  const poison = gather(tensor1d([0, Number.NaN]), cast(wrong, 'int32') as Tensor1D)
  const labelWeight = weight === undefined ? counted : mul(counted, gather(weight, index))
  const classWeights = weight ?? 1
  const totalClassWeight = weight === undefined ? classes : sum(weight)
  const smoothed = labelSmoothing / classes
  const hard = labelSmoothing === 0 ? labelWeight : mul(labelWeight, 1 - labelSmoothing)
  return { rows, classes, index, present, counted, poison, labelWeight, hard, classWeights, totalClassWeight, smoothed }
}

function composedForward(operands: Operands, attrs: SparseCrossEntropyAttrs): [Tensor, Tensor, Tensor] {
  const { logits } = operands
  const { labelSmoothing, reduction } = attrs
  const { rows, classes, index, present, poison, labelWeight, hard, ...smoothing } = labelTerms(operands, attrs)
  const logSumExps = logSumExp(logits, 1)
  // One element per row, by its place in the flat logits: no one-hot matrix.
  const place = add(range(0, rows * classes, classes, 'int32'), index) as Tensor1D
  // Gathering from nothing leaks in tfjs's wasm backend.
  const logit = rows === 0 ? zeros([0]) : gather(reshaped(logits, [rows * classes]), place)
  let losses = mul(sub(logSumExps, logit), hard)
  if (labelSmoothing > 0) {
    const { totalClassWeight, classWeights, smoothed } = smoothing
    const ofAll = sub(mul(logSumExps, totalClassWeight), sum(mul(logits, classWeights), 1))
    losses = add(losses, mul(ofAll, smoothed))
  }
  // An ignored row may hold infinities: chosen away, not multiplied by zero.
  losses = add(where(present, losses, zerosLike(losses)), poison)
  const totalWeight = sumAll(labelWeight)
  if (reduction === 'none') return [losses, logSumExps, totalWeight]
  const total = sumAll(losses)
  return [reduction === 'sum' ? total : div(total, totalWeight), logSumExps, totalWeight]
}

function composedGradient(
  inputs: Operands & { dy: Tensor; logSumExp: Tensor; totalWeight: Tensor },
  attrs: SparseCrossEntropyAttrs,
): Tensor {
  const { logits, dy, logSumExp: logSumExps, totalWeight } = inputs
  const { labelSmoothing, reduction } = attrs
  const { classes, index, present, counted, poison, hard, ...smoothing } = labelTerms(inputs, attrs)
  const probabilities = exp(sub(logits, expandDims(logSumExps, 1)))
  // Of each row: probabilities times the sum of the target's weights, minus the target.
  let perRow = mul(sub(probabilities, oneHotOf(index, classes)), expandDims(hard, 1))
  if (labelSmoothing > 0) {
    const { totalClassWeight, classWeights, smoothed } = smoothing
    perRow = add(perRow, sub(mul(probabilities, mul(totalClassWeight, smoothed)), mul(classWeights, smoothed)))
  }
  // With all rows ignored gradients are zero, although the loss is 0 / 0.
  const scale = reduction === 'mean' ? div(dy, maximum(totalWeight, 1e-30)) : dy
  const column = expandDims(add(mul(scale, counted), poison), 1)
  const gradient = mul(perRow, column)
  return where(expandDims(present, 1), gradient, zerosLike(gradient))
}

// tfjs refuses a single class, and its wasm backend writes integers whatever type is asked for.
const oneHotOf = (index: Tensor1D, classes: number): Tensor =>
  classes === 1 ? ones([index.size, 1]) : cast(oneHot(index, classes), 'float32')
