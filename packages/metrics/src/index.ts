export { type AccuracyOptions, accuracy, accuracyMetric } from './accuracy.js'
export { mean, meanMetric, sum, sumMetric } from './aggregation.js'
export type { Average } from './averages.js'
export type { ClassCountOptions } from './class-counts.js'
export type { ClassOptions } from './classes.js'
export {
  type ConfusionMatrixOptions,
  type ConfusionNormalisation,
  confusionMatrix,
  confusionMatrixMetric,
  confusionMatrixOf,
} from './confusion-matrix.js'
export { type CreateMetricOptions, createMetric, MetricAccumulator } from './metric-accumulator.js'
export {
  f1,
  f1Metric,
  type PrecisionRecallOptions,
  precision,
  precisionMetric,
  recall,
  recallMetric,
  type ScoreDefinitionOptions,
} from './precision-recall.js'
export { type R2Options, r2, r2Metric } from './r2.js'
export { mae, maeMetric, mse, mseMetric, rmse, rmseMetric } from './regression.js'
