import {
  type HuberOptions as HuberOpOptions,
  huber as huberOp,
  mae as maeOp,
  mse as mseOp,
  type Reduction,
} from '@levin/ops'
import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { numberWithin } from '../options.js'
import { checkReduction, checkSameShape } from './check-targets.js'

export interface RegressionOptions {
  /** Default `'mean'`: over all elements. */
  readonly reduction?: Reduction
}

export interface HuberOptions extends RegressionOptions {
  /** Where the loss turns from quadratic to linear, above 0. Default 1. */
  readonly delta?: number
}

type Reduced = { readonly reduction?: 'mean' | 'sum' }

/**
 * Squared error.
 *
 * @param predictions `[...]` float32
 * @param targets of the same shape: nothing is broadcast
 * @returns a scalar, or one number per element where `reduction` is `'none'`
 * @throws LEVIN_SHAPE, LEVIN_BAD_OPTION
 */
export function mse(predictions: Tensor, targets: Tensor, options?: RegressionOptions & Reduced): Scalar
export function mse(predictions: Tensor, targets: Tensor, options: RegressionOptions): Tensor
export function mse(predictions: Tensor, targets: Tensor, options: RegressionOptions = {}): Tensor {
  return mseOp(predictions, targets, checked('mse', predictions, targets, options))
}

/** Absolute error; its gradient at zero is zero. Arguments and errors as of {@link mse}. */
export function mae(predictions: Tensor, targets: Tensor, options?: RegressionOptions & Reduced): Scalar
export function mae(predictions: Tensor, targets: Tensor, options: RegressionOptions): Tensor
export function mae(predictions: Tensor, targets: Tensor, options: RegressionOptions = {}): Tensor {
  return maeOp(predictions, targets, checked('mae', predictions, targets, options))
}

/**
 * Huber's loss: half the squared error up to `delta`, linear beyond. Huber 1964. Arguments and errors as of {@link mse}.
 */
export function huber(predictions: Tensor, targets: Tensor, options?: HuberOptions & Reduced): Scalar
export function huber(predictions: Tensor, targets: Tensor, options: HuberOptions): Tensor
export function huber(predictions: Tensor, targets: Tensor, options: HuberOptions = {}): Tensor {
  const { delta = 1 } = options
  numberWithin('huber', 'delta', delta, { above: 0 })
  return huberOp(predictions, targets, { ...checked('huber', predictions, targets, options), delta })
}

// --- Internal helpers ---

function checked(loss: string, predictions: Tensor, targets: Tensor, options: RegressionOptions): HuberOpOptions {
  const { reduction = 'mean' } = options
  checkSameShape(loss, predictions, targets)
  checkReduction(loss, reduction)
  return { reduction }
}
