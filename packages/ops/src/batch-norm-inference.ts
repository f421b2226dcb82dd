import { add, FusedBatchNorm, mul, rsqrt, sub, type Tensor, tidy } from '@tensorflow/tfjs-core'
import type { BatchNormOptions } from './batch-norm.js'
import type { BatchStatistics } from './batch-norm-parts.js'
import { check, checkFloat, checkShape, format, sizeOf } from './checks.js'
import { callKernel, view } from './kernel.js'
import { reshaped } from './reshaped.js'
import { sumRows } from './sums.js'
import { recordNode } from './tape-node.js'

/**
 * Batch normalisation as in evaluation: by given statistics, which are constants to the gradient. One `FusedBatchNorm`,
 * which every backend of tfjs has. Keeps x, the statistics and gamma.
 *
 * @param x `[..., channels]` float32
 * @param statistics running mean and variance, `[channels]`
 * @param gamma `[channels]`
 * @param beta `[channels]`
 */
export function batchNormInference(
  x: Tensor,
  { mean, variance }: BatchStatistics,
  gamma?: Tensor,
  beta?: Tensor,
  { epsilon = 1e-5 }: BatchNormOptions = {},
): Tensor {
  checkArguments(x, { mean, variance, gamma, beta })
  const channels = x.shape[x.rank - 1] as number
  const rows = sizeOf(x.shape.slice(0, -1))
  return recordNode({
    name: 'batchNormInference',
    inputs: { x, gamma, beta },
    forward(save) {
      save(gamma === undefined ? [x, mean, variance] : [x, mean, variance, gamma])
      const inputs = {
        // The graphics backends want four axes.
        x: view(x, [1, 1, rows, channels]),
        mean,
        variance,
        ...(gamma === undefined ? {} : { scale: gamma }),
        ...(beta === undefined ? {} : { offset: beta }),
      }
      return callKernel(FusedBatchNorm, inputs, { varianceEpsilon: epsilon }, x.shape)[0] as Tensor
    },
    backward(dy, saved) {
      const [savedX, savedMean, savedVariance, savedGamma] = saved as [Tensor, Tensor, Tensor, Tensor?]
      const inverseDeviation = () => rsqrt(add(savedVariance, epsilon))
      const flatDy = () => reshaped(dy, [rows, channels])
      return {
        x: () =>
          tidy(() => mul(dy, savedGamma === undefined ? inverseDeviation() : mul(inverseDeviation(), savedGamma))),
        gamma: () =>
          tidy(() => {
            const normalised = mul(sub(reshaped(savedX, [rows, channels]), savedMean), inverseDeviation())
            return sumRows(mul(flatDy(), normalised))
          }),
        beta: () => tidy(() => sumRows(flatDy())),
      }
    },
  })
}

// --- Internal helpers ---

function checkArguments(x: Tensor, vectors: Record<string, Tensor | undefined>): void {
  const op = 'batchNormInference'
  checkFloat(op, 'x', x)
  check(x.rank >= 1, op, () => '`x` must be [..., channels], but is a scalar')
  for (const [name, vector] of Object.entries(vectors)) {
    if (vector === undefined) continue
    checkFloat(op, name, vector)
    checkShape(op, name, vector, x.shape.slice(-1), `the channels of \`x\` ${format(x.shape)}`)
  }
}
