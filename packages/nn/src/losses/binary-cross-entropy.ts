import { type Reduction, binaryCrossEntropyWithLogits as withLogitsOp } from '@levin/ops'
import {
  add,
  customGrad,
  div,
  log,
  log1p,
  maximum,
  mean,
  mul,
  neg,
  type Scalar,
  sub,
  sum,
  Tensor,
  tidy,
} from '@tensorflow/tfjs-core'
import { badOption, numberWithin } from '../options.js'
import { checkReduction, checkSameShape } from './check-targets.js'

export interface BinaryCrossEntropyOptions {
  /** Factor on each element's loss, broadcastable to the predictions. Does not enter the mean's divisor. Default 1. */
  readonly weight?: Tensor
  /** Default `'mean'`: over all elements. */
  readonly reduction?: Reduction
}

export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** Factor on the loss of positives: a number, or a tensor that broadcasts to the logits (say `[classes]`). Default 1. */
  readonly positiveWeight?: number | Tensor
}

type Reduced = { readonly reduction?: 'mean' | 'sum' }

/**
 * Binary cross-entropy of `sigmoid(logits)`, stable for logits of any size: PyTorch's
 * `binary_cross_entropy_with_logits`.
 *
 * @param logits `[...]` float32, before any sigmoid
 * @param targets probabilities of the positive class, float32, of the same shape: nothing is broadcast
 * @returns a scalar, or one number per element where `reduction` is `'none'`
 * @throws LEVIN_SHAPE, LEVIN_BAD_OPTION
 */
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  targets: Tensor,
  options?: BinaryCrossEntropyWithLogitsOptions & Reduced,
): Scalar
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  targets: Tensor,
  options: BinaryCrossEntropyWithLogitsOptions,
): Tensor
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  targets: Tensor,
  options: BinaryCrossEntropyWithLogitsOptions = {},
): Tensor {
  const name = 'binaryCrossEntropyWithLogits'
  const { positiveWeight = 1, weight, reduction = 'mean' } = options
  checkSameShape(name, logits, targets)
  checkReduction(name, reduction)
  checkWeight(name, 'weight', weight, logits)
  if (typeof positiveWeight === 'number') numberWithin(name, 'positiveWeight', positiveWeight, { from: 0 })
  else checkWeight(name, 'positiveWeight', positiveWeight, logits)
  return withLogitsOp(logits, targets, { positiveWeight, weight, reduction })
}

/**
 * Binary cross-entropy of probabilities, each logarithm at least -100: PyTorch's `binary_cross_entropy`. Where there are
 * logits, {@link binaryCrossEntropyWithLogits} is more exact. Targets have no gradient.
 *
 * @param probabilities `[...]` float32, 0 to 1
 * @param targets probabilities of the positive class, float32, of the same shape: nothing is broadcast
 * @returns a scalar, or one number per element where `reduction` is `'none'`
 * @throws LEVIN_SHAPE, LEVIN_BAD_OPTION
 */
export function binaryCrossEntropy(
  probabilities: Tensor,
  targets: Tensor,
  options?: BinaryCrossEntropyOptions & Reduced,
): Scalar
export function binaryCrossEntropy(probabilities: Tensor, targets: Tensor, options: BinaryCrossEntropyOptions): Tensor
export function binaryCrossEntropy(
  probabilities: Tensor,
  targets: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  const { weight, reduction = 'mean' } = options
  checkSameShape('binaryCrossEntropy', probabilities, targets)
  checkReduction('binaryCrossEntropy', reduction)
  checkWeight('binaryCrossEntropy', 'weight', weight, probabilities)
  return tidy(() => {
    const losses = elementwise(probabilities, targets)
    const weighted = weight === undefined ? losses : mul(losses, weight)
    if (reduction === 'none') return weighted
    return reduction === 'sum' ? sum(weighted) : mean(weighted)
  })
}

// --- Internal helpers ---

/** A gradient of its own, PyTorch's: that of the logarithms is infinite at 0 and 1. */
const elementwise = (probabilities: Tensor, targets: Tensor): Tensor =>
  customGrad((...args) => {
    const [p, save] = args as unknown as [Tensor, (tensors: Tensor[]) => void]
    save([p, targets])
    const positive = mul(targets, maximum(log(p), -100))
    const negative = mul(sub(1, targets), maximum(log1p(neg(p)), -100))
    return {
      value: neg(add(positive, negative)),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [q, t] = saved as [Tensor, Tensor]
        return mul(dy, div(sub(q, t), maximum(mul(sub(1, q), q), 1e-12)))
      },
    }
  })(probabilities)

function checkWeight(loss: string, name: string, weight: Tensor | undefined, predictions: Tensor): void {
  if (weight === undefined) return
  if (weight instanceof Tensor && weight.dtype === 'float32' && weight.rank <= predictions.rank) {
    const trailing = predictions.shape.slice(predictions.rank - weight.rank)
    if (weight.shape.every((size, axis) => size === 1 || size === trailing[axis])) return
  }
  throw badOption(loss, name, `a float32 tensor that broadcasts to [${predictions.shape.join(', ')}]`, weight)
}
