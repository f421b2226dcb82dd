import * as ops from '@levin/ops'
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

interface Normalised {
  readonly x: Tensor
  readonly gamma?: Tensor
  readonly beta?: Tensor
}

export const normalisation = {
  layerNorm: sweepOp<Normalised, ops.LayerNormOptions>(({ x, gamma, beta }, options) =>
    ops.layerNorm(x, gamma, beta, options),
  ),
  batchNorm: sweepOp<Normalised, ops.BatchNormOptions>(
    ({ x, gamma, beta }, options) => ops.batchNorm(x, gamma, beta, options).y,
  ),
  batchNormStatistics: sweepOp<{ x: Tensor }>(({ x }) => {
    const { mean, variance } = ops.batchNormStatistics(x)
    return [mean, variance]
  }),
  batchNormWithStatistics: sweepOp<Normalised, ops.BatchNormOptions>(({ x, gamma, beta }, options) =>
    ops.batchNormWithStatistics(x, ops.batchNormStatistics(x), gamma, beta, options),
  ),
  batchNormInference: sweepOp<Normalised & { mean: Tensor1D; variance: Tensor1D }>(
    ({ x, gamma, beta, mean, variance }) => ops.batchNormInference(x, { mean, variance }, gamma, beta),
  ),
}
