import { add, div, minimum, type Scalar, sqrt, tidy } from '@tensorflow/tfjs-core'
import { check } from './checks.js'

/**
 * The factor that brings gradients down to a norm: `min(1, maxNorm / (norm + 1e-6))`, as PyTorch's `clip_grad_norm_`.
 * Meant as `gradientScale` of an update; nothing is read back.
 *
 * @param squared the squared norm, see `squaredNorm`; all-reduced first where gradients are sharded
 * @param maxNorm above 0
 */
export function clipCoefficient(squared: Scalar, maxNorm: number): Scalar {
  check(maxNorm > 0, 'clipCoefficient', () => `\`maxNorm\` must be above 0, but is ${maxNorm}`)
  return tidy(() => minimum<Scalar>(div(maxNorm, add(sqrt(squared), 1e-6)), 1))
}
