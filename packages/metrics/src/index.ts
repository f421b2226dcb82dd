export { type AccuracyOptions, accuracy, accuracyMetric } from './accuracy.js'
export { mean, meanMetric, sum, sumMetric } from './aggregation.js'
export type { ClassOptions } from './classes.js'
