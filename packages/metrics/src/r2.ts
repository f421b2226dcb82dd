import type { MetricDefinition, MetricState } from '@levin/core'
import { cast, concat, fill, reshape, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core'
import { anyNumber, checkOptions, oneOf, requireSameShape, sizeOf } from './checks.js'
import { emptyState, measure, memoised } from './measure.js'

export interface R2Options {
  /**
   * How the values of several outputs become one: their mean, their mean by the variance of their targets, or one value
   * per output. Default `'uniform'`.
   */
  readonly outputs?: 'uniform' | 'variance' | 'none'
  /**
   * Taken off every target first, which does not change the value. Sums are float32: where the targets' mean is many
   * times their spread, give about the mean, or digits are lost. Default 0.
   */
  readonly center?: number
}

interface R2Key {
  readonly width: number
  readonly outputs: 'uniform' | 'variance' | 'none'
}

/**
 * Coefficient of determination, 1 − residual variance / variance of the targets, as scikit-learn's `r2_score`: NaN of
 * fewer than two samples; where the targets do not vary, 1 if they were met and 0 if not.
 *
 * @param predictions `[batch]` or `[batch, …outputs]`
 * @param targets the same shape
 * @throws LEVIN_BATCH_SHAPE, LEVIN_BAD_OPTION
 */
export function r2(predictions: Tensor, targets: Tensor, options: R2Options = {}): MetricState {
  checkOptions('r2', options, { outputs: oneOf('uniform', 'variance', 'none'), center: anyNumber })
  requireSameShape('r2', ['predictions', 'targets'], predictions, targets)
  const { outputs = 'uniform', center = 0 } = options
  const [batch = 1, ...rest] = targets.shape
  const width = sizeOf(rest)
  const metric = r2Definition({ width, outputs })
  if (targets.size === 0) return measure(metric, () => emptyState(metric))
  return measure(metric, () => {
    const columns = (tensor: Tensor): Tensor => reshape(cast(tensor, 'float32'), [batch, width])
    const truth = columns(targets)
    const centered = center === 0 ? truth : sub(truth, center)
    const residuals = sub(truth, columns(predictions))
    return concat([fill([width], batch), sum(centered, 0), sum(square(centered), 0), sum(square(residuals), 0)])
  })
}

/** Definition of {@link r2}, to compute merged states without a batch. `width`: outputs per sample, default 1. */
export function r2Metric({ width = 1, outputs = 'uniform' }: Partial<R2Key> = {}): MetricDefinition {
  return r2Definition({ width, outputs })
}

/** State, per output: samples, then sums of targets, then sums of their squares, then sums of squared residuals. */
const r2Definition = memoised<R2Key>(({ width, outputs }) => ({
  name: 'r2',
  size: 4 * width,
  reduction: 'sum',
  compute(state) {
    const fits = Array.from({ length: width }, (_, index) => fitOf(state, width, index))
    if (width === 1) return (fits[0] as Fit).score
    if (outputs === 'none') return Object.fromEntries(fits.map(({ score }, index) => [String(index), score]))
    const variances = fits.reduce((all, { variance }) => all + variance, 0)
    // Without any variance to weigh by, scikit-learn falls back to the plain mean.
    const byVariance = outputs === 'variance' && variances > 0
    const weights = fits.map(({ variance }) => (byVariance ? variance / variances : 1 / width))
    return fits.reduce((all, { score }, index) => all + score * (weights[index] as number), 0)
  },
}))

interface Fit {
  readonly score: number
  readonly variance: number
}

function fitOf(state: Float64Array, width: number, index: number): Fit {
  const at = (row: number): number => state[row * width + index] ?? 0
  const [count, total, squares, residuals] = [at(0), at(1), at(2), at(3)]
  const variance = Math.max(0, squares - (total * total) / count)
  if (count < 2) return { score: Number.NaN, variance }
  // Below float32's own error in the sum of squares the targets are constant.
  if (variance <= squares * 1e-6) return { score: residuals === 0 ? 1 : 0, variance: 0 }
  return { score: 1 - residuals / variance, variance }
}
