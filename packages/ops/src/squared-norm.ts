import { addN, engine, type Scalar, scalar, square, sum, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { checkFloat } from './checks.js'
import { hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'

/**
 * Sum of the squares of all elements of all tensors: the squared L2 norm over all gradients that clipping by norm needs.
 * Not differentiable. A new tensor of the caller's scope; nothing is read back.
 *
 * Kernel `LevinSquaredNorm`: inputs the list of tensors, no attributes, output `[]`.
 */
export function squaredNorm(tensors: readonly Tensor[]): Scalar {
  tensors.forEach((tensor, index) => {
    checkFloat('squaredNorm', `tensors[${index}]`, tensor)
  })
  if (tensors.length === 0) return scalar(0)
  if (hasKernel(kernelNames.squaredNorm)) {
    return engine().runKernel<Scalar>(kernelNames.squaredNorm, tensors as unknown as Record<string, Tensor>, {})
  }
  return tidy(() => {
    const sums = tensors.map((tensor) => sum<Scalar>(square(tensor)))
    return sums.length === 1 ? (sums[0] as Scalar) : addN(sums)
  })
}
