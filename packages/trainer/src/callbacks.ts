export { EarlyStopping, type EarlyStoppingOptions, earlyStopping } from './callbacks/early-stopping.js'
export {
  LearningRateMonitor,
  type LearningRateMonitorOptions,
  learningRateMonitor,
} from './callbacks/learning-rate-monitor.js'
export { ModelCheckpoint, type ModelCheckpointOptions, modelCheckpoint } from './callbacks/model-checkpoint.js'
export { ModelSummary, type ModelSummaryOptions, modelSummary, summarize } from './callbacks/model-summary.js'
export { ProgressBar, type ProgressBarOptions, progressBar } from './callbacks/progress-bar.js'
