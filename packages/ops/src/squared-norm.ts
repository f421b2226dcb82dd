import { addN, mul, type Scalar, scalar, square, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { checkFloat } from './checks.js'
import { callKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { sumAll } from './sums.js'
import { recordNode } from './tape-node.js'

/**
 * Sum of the squares of all elements of all tensors: the squared L2 norm over all gradients that clipping by norm needs.
 * Nothing is read back. Differentiable, so that a penalty may use it; keeps the tensors where a tape records.
 *
 * Kernel `LevinSquaredNorm`: inputs the list of tensors, no attributes, output `[]`.
 *
 * @param tensors float32 of any shapes; none at all have norm 0
 */
export function squaredNorm(tensors: readonly Tensor[]): Scalar {
  tensors.forEach((tensor, index) => {
    checkFloat('squaredNorm', `tensors[${index}]`, tensor)
  })
  if (tensors.length === 0) return scalar(0)
  return recordNode({
    name: 'squaredNorm',
    inputs: Object.fromEntries(tensors.entries()) as Record<string, Tensor>,
    forward(save): Scalar {
      save([...tensors])
      if (hasKernel(kernelNames.squaredNorm)) return callKernel(kernelNames.squaredNorm, tensors, {})[0] as Scalar
      const sums = tensors.map((tensor) => sumAll(square(tensor)))
      return sums.length === 1 ? (sums[0] as Scalar) : addN(sums)
    },
    backward: (dy, saved) =>
      Object.fromEntries(saved.map((tensor, index) => [index, () => tidy(() => mul(mul(tensor, 2), dy))])),
  })
}
