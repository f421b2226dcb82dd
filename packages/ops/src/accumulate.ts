import { add, keep, mul, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { checkFloat, checkShape } from './checks.js'
import { isShared } from './in-place.js'
import { callKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'

/** Attributes of `LevinAccumulate`. Inputs: `target, gradient`, then the weight tensor. It writes the target and returns `[]`. */
export interface AccumulateAttrs {
  /** Factor on the gradient. */
  readonly weight: number
  /** Whether the third input is a scalar tensor `[]`, a further factor. */
  readonly hasWeightTensor: boolean
}

/**
 * `target + weight · gradient`. With a kernel in place, the result being `target` itself; without, or where another tensor
 * shares the target's data, a fresh kept tensor that the caller puts in its place. Neither input is disposed.
 */
export function accumulate(target: Tensor, gradient: Tensor, weight: number | Scalar = 1): Tensor {
  checkFloat('accumulate', 'target', target)
  checkFloat('accumulate', 'gradient', gradient)
  checkShape('accumulate', 'gradient', gradient, target.shape, 'that of `target`')
  const weightTensor = typeof weight === 'number' ? undefined : weight
  if (weightTensor !== undefined) checkShape('accumulate', 'weight', weightTensor, [], 'a scalar')
  if (hasKernel(kernelNames.accumulate) && !isShared(target)) {
    const inputs = weightTensor === undefined ? [target, gradient] : [target, gradient, weightTensor]
    const attrs: AccumulateAttrs = {
      weight: weightTensor === undefined ? (weight as number) : 1,
      hasWeightTensor: weightTensor !== undefined,
    }
    callKernel(kernelNames.accumulate, inputs, attrs)
    return target
  }
  return keep(tidy(() => add(target, weight === 1 ? gradient : mul(gradient, weight))))
}
