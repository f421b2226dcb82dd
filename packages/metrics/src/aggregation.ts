import type { MetricDefinition, MetricState } from '@levin/core'
import { cast, mul, scalar, sum as sumOf, type Tensor } from '@tensorflow/tfjs-core'
import { requireNumeric, requireSameShape } from './checks.js'
import { emptyState, joined, measure } from './measure.js'

/** State: `[sum of weighted values, sum of weights]`. */
export const meanMetric: MetricDefinition = {
  name: 'mean',
  size: 2,
  reduction: 'sum',
  compute: ([total = 0, weight = 0]) => total / weight,
}

/** State: `[sum]`. */
export const sumMetric: MetricDefinition = { name: 'sum', size: 1, reduction: 'sum', compute: ([total = 0]) => total }

/**
 * Mean of all values of all batches, each by its weight; NaN of none.
 *
 * @param values any shape
 * @param weights of the values' shape, or one number for all. Default 1.
 * @throws LEVIN_BATCH_SHAPE
 */
export function mean(values: Tensor | number, weights: Tensor | number = 1): MetricState {
  if (typeof values === 'number' && typeof weights === 'number') {
    return measure(meanMetric, () => joined([scalar(values * weights), scalar(weights)]))
  }
  requireNumeric('mean', 'values', values)
  const count = values.size
  if (typeof weights === 'number') {
    if (count === 0) return measure(meanMetric, () => emptyState(meanMetric))
    return measure(meanMetric, () => {
      const total = sumOf(cast(values, 'float32'))
      return joined([weights === 1 ? total : mul(total, weights), scalar(weights * count)])
    })
  }
  requireSameShape('mean', ['values', 'weights'], values, weights)
  if (count === 0) return measure(meanMetric, () => emptyState(meanMetric))
  return measure(meanMetric, () => {
    const shares = cast(weights, 'float32')
    return joined([sumOf(mul(cast(values, 'float32'), shares)), sumOf(shares)])
  })
}

/**
 * Sum of all values of all batches.
 *
 * @param values any shape
 * @throws LEVIN_BATCH_SHAPE
 */
export function sum(values: Tensor | number): MetricState {
  if (typeof values === 'number') return measure(sumMetric, () => joined([scalar(values)]))
  requireNumeric('sum', 'values', values)
  if (values.size === 0) return measure(sumMetric, () => emptyState(sumMetric))
  return measure(sumMetric, () => joined([sumOf(cast(values, 'float32'))]))
}
