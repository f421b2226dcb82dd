import type { MetricDefinition, MetricState } from '@levin/core'
import { abs, cast, scalar, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core'
import { requireSameShape } from './checks.js'
import { emptyState, joined, measure } from './measure.js'

const errorMetric = (name: string, finish: (mean: number) => number): MetricDefinition =>
  Object.freeze({
    name,
    size: 2,
    reduction: 'sum',
    compute: ([total = 0, count = 0]: Float64Array) => finish(total / count),
  })

/** State: `[sum of squared errors, elements]`. */
export const mseMetric = errorMetric('mse', (mean) => mean)
/** State: `[sum of absolute errors, elements]`. */
export const maeMetric = errorMetric('mae', (mean) => mean)
/** State: `[sum of squared errors, elements]`. */
export const rmseMetric = errorMetric('rmse', Math.sqrt)

/**
 * Mean squared error over all elements; NaN of none.
 *
 * @param predictions any shape
 * @param targets the same shape
 * @throws LEVIN_BATCH_SHAPE
 */
export function mse(predictions: Tensor, targets: Tensor): MetricState {
  return errors(mseMetric, predictions, targets, square)
}

/** Mean absolute error over all elements. See {@link mse}. */
export function mae(predictions: Tensor, targets: Tensor): MetricState {
  return errors(maeMetric, predictions, targets, abs)
}

/** Root of the mean squared error over all elements: one root of the whole, not a mean of roots. See {@link mse}. */
export function rmse(predictions: Tensor, targets: Tensor): MetricState {
  return errors(rmseMetric, predictions, targets, square)
}

function errors(
  metric: MetricDefinition,
  predictions: Tensor,
  targets: Tensor,
  penalty: (difference: Tensor) => Tensor,
): MetricState {
  requireSameShape(metric.name, ['predictions', 'targets'], predictions, targets)
  if (targets.size === 0) return measure(metric, () => emptyState(metric))
  return measure(metric, () => {
    const difference = sub(cast(predictions, 'float32'), cast(targets, 'float32'))
    return joined([sum(penalty(difference)), scalar(targets.size)])
  })
}
