import {
  abs,
  add,
  clipByValue,
  minimum,
  mul,
  neg,
  sign,
  square,
  sub,
  type Tensor,
  type TensorInfo,
  tidy,
} from '@tensorflow/tfjs-core'
import { check, checkFloat, checkShape } from './checks.js'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { checkReduction, type Reduction, reduce, spread } from './reduction.js'
import { recordNode } from './tape-node.js'

/** `e²`, `|e|`, or Huber's: `e²/2` up to delta, `delta · (|e| - delta/2)` beyond; `e` is prediction minus target. */
export type RegressionKind = 'squared' | 'absolute' | 'huber'

/** Inputs of `LevinRegressionLoss`, float32 and of one shape. Output: the loss, `[]`, or of that shape unreduced. */
export interface RegressionLossInputs {
  readonly predictions: TensorInfo
  readonly targets: TensorInfo
}

/** Inputs of `LevinRegressionLossGrad`. Output: gradient of the predictions (that of the targets is its negative). */
export interface RegressionLossGradInputs extends RegressionLossInputs {
  /** Gradient of the loss: `[]`, or of the predictions' shape unreduced. */
  readonly dy: TensorInfo
}

export interface RegressionLossAttrs {
  readonly kind: RegressionKind
  /** Of `'huber'`, above 0; otherwise 0 and unused. */
  readonly delta: number
  readonly reduction: Reduction
}

export interface RegressionLossOptions {
  /** Default `'mean'`: over all elements. */
  readonly reduction?: Reduction | undefined
}

export interface HuberOptions extends RegressionLossOptions {
  /** Where the loss turns from quadratic to linear. Default 1. */
  readonly delta?: number | undefined
}

/** Squared error. Shapes must be equal (a silent broadcast of `[n]` against `[n, 1]` is a well-known bug). Keeps both. */
export const mse = (predictions: Tensor, targets: Tensor, options: RegressionLossOptions = {}): Tensor =>
  regressionLoss('mse', predictions, targets, { kind: 'squared', delta: 0, ...withReduction(options) })

/** Absolute error; its gradient at zero is zero. Shapes must be equal. Keeps both. */
export const mae = (predictions: Tensor, targets: Tensor, options: RegressionLossOptions = {}): Tensor =>
  regressionLoss('mae', predictions, targets, { kind: 'absolute', delta: 0, ...withReduction(options) })

/** Huber's loss: quadratic near zero, linear beyond `delta`. Shapes must be equal. Keeps both. */
export function huber(predictions: Tensor, targets: Tensor, options: HuberOptions = {}): Tensor {
  const { delta = 1 } = options
  check(delta > 0, 'huber', () => `\`delta\` must be above 0, but is ${delta}`)
  return regressionLoss('huber', predictions, targets, { kind: 'huber', delta, ...withReduction(options) })
}

// --- Internal helpers ---

const withReduction = ({ reduction = 'mean' }: RegressionLossOptions) => ({ reduction })

function regressionLoss(name: string, predictions: Tensor, targets: Tensor, attrs: RegressionLossAttrs): Tensor {
  checkFloat(name, 'predictions', predictions)
  checkFloat(name, 'targets', targets)
  checkShape(name, 'targets', targets, predictions.shape, 'that of `predictions`')
  checkReduction(name, attrs.reduction)
  return recordNode({
    name,
    inputs: { predictions, targets },
    forward(save) {
      save([predictions, targets])
      const inputs = { predictions, targets }
      return hasKernel(kernelNames.regressionLoss)
        ? (callOwnKernel(kernelNames.regressionLoss, inputs, attrs)[0] as Tensor)
        : reduce(elementLoss(sub(predictions, targets), attrs), attrs.reduction)
    },
    backward(dy, saved) {
      const [savedPredictions, savedTargets] = saved as [Tensor, Tensor]
      const inputs = { dy, predictions: savedPredictions, targets: savedTargets }
      return {
        predictions: () => gradient(inputs, attrs),
        targets: () => tidy(() => neg(gradient(inputs, attrs))),
      }
    },
  })
}

function elementLoss(error: Tensor, { kind, delta }: RegressionLossAttrs): Tensor {
  if (kind === 'squared') return square(error)
  const size = abs(error)
  if (kind === 'absolute') return size
  const quadratic = minimum(size, delta)
  return add(mul(square(quadratic), 0.5), mul(sub(size, quadratic), delta))
}

function gradient(inputs: { dy: Tensor; predictions: Tensor; targets: Tensor }, attrs: RegressionLossAttrs): Tensor {
  if (hasKernel(kernelNames.regressionLossGrad)) {
    return callOwnKernel(kernelNames.regressionLossGrad, inputs, attrs)[0] as Tensor
  }
  const { dy, predictions, targets } = inputs
  return tidy(() => {
    const error = sub(predictions, targets)
    return mul(elementSlope(error, attrs), spread(dy, attrs.reduction, error.size))
  })
}

function elementSlope(error: Tensor, { kind, delta }: RegressionLossAttrs): Tensor {
  if (kind === 'squared') return mul(error, 2)
  return kind === 'absolute' ? sign(error) : clipByValue(error, -delta, delta)
}
