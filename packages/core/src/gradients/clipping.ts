import { add, div, minimum, type Scalar, sqrt, tidy } from '@tensorflow/tfjs-core'
import { keep } from '../engine.js'

// PyTorch's constant: keeps the quotient finite for gradients of zero.
const EPSILON = 1e-6

/**
 * The factor that brings gradients of this norm below `limit` (Pascanu et al. 2013): min(1, limit / norm).
 *
 * @param onHost read the norm: free where memory is the host's. Otherwise the factor stays on the device and is the
 *   caller's to dispose.
 */
export function clippingCoefficient(squaredNorm: Scalar, limit: number, onHost: boolean): number | Scalar {
  if (onHost) {
    const [square = 0] = squaredNorm.dataSync()
    return Math.min(1, limit / (Math.sqrt(square) + EPSILON))
  }
  return keep(tidy(() => minimum(1, div(limit, add(sqrt(squaredNorm), EPSILON))) as Scalar))
}
