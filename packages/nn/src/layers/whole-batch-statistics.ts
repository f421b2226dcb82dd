import type { Replicas } from '@levin/core'
import { type BatchStatistics, batchNormStatistics, type GradientSums } from '@levin/ops'
import { type Tensor, tensor1d } from '@tensorflow/tfjs-core'

/** Statistics of a batch that is spread over workers. The same bits on all of them. */
export interface WholeBatchStatistics extends BatchStatistics {
  /** Values per feature, over all parts. */
  readonly count: number
}

/**
 * Mean and variance of all parts of a batch. Every worker puts count, means and sums of squared deviations of its part into a
 * place of its own, so that one sum over the workers hands all parts to everybody, and combines them in the order of the workers
 * (Chan, Golub & LeVeque 1979): differences of means are squared, not means, so nothing cancels.
 *
 * Reads the statistics to the host, which has to be a load from memory. The tensors belong to the open scope.
 *
 * @param x `[..., features]`: this worker's part, which may be empty
 */
export function wholeBatchStatistics(x: Tensor, features: number, replicas: Replicas): WholeBatchStatistics {
  const parts = new Float32Array(replicas.count * (1 + 2 * features))
  const rows = x.size / features
  if (rows > 0) describePart(x, rows, parts.subarray(replicas.index * (1 + 2 * features)))
  replicas.sum(parts)
  return combine(parts, features, replicas.count)
}

/** What the gradient of an input needs from all parts, as one sum over the workers. */
export const gradientSumsOver =
  (replicas: Replicas) =>
  ({ plain, weighted, count }: GradientSums): GradientSums => {
    const features = plain.size
    const sums = new Float32Array(2 * features + 1)
    sums.set(plain.dataSync<'float32'>())
    sums.set(weighted.dataSync<'float32'>(), features)
    sums[2 * features] = count
    replicas.sum(sums)
    return {
      plain: tensor1d(sums.subarray(0, features)),
      weighted: tensor1d(sums.subarray(features, 2 * features)),
      count: sums[2 * features] as number,
    }
  }

// --- Internal helpers ---

function describePart(x: Tensor, rows: number, part: Float32Array): void {
  const { mean, variance } = batchNormStatistics(x)
  const features = mean.size
  part[0] = rows
  part.set(mean.dataSync<'float32'>(), 1)
  const variances = variance.dataSync<'float32'>()
  for (let i = 0; i < features; i++) part[1 + features + i] = (variances[i] as number) * rows
}

function combine(parts: Float32Array, features: number, count: number): WholeBatchStatistics {
  const mean = new Float64Array(features)
  const deviations = new Float64Array(features)
  let total = 0
  for (let worker = 0; worker < count; worker++) {
    const start = worker * (1 + 2 * features)
    const rows = parts[start] as number
    if (rows === 0) continue
    const before = total
    total += rows
    for (let i = 0; i < features; i++) {
      const difference = (parts[start + 1 + i] as number) - (mean[i] as number)
      mean[i] = (mean[i] as number) + (difference * rows) / total
      deviations[i] =
        (deviations[i] as number) +
        (parts[start + 1 + features + i] as number) +
        (difference * difference * before * rows) / total
    }
  }
  const variance = deviations.map((sum) => sum / Math.max(total, 1))
  return { mean: tensor1d(Float32Array.from(mean)), variance: tensor1d(Float32Array.from(variance)), count: total }
}
