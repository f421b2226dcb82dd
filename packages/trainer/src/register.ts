// Makes the callbacks known by name, to the program and to the compiler: `callbacks: [['earlyStopping', { monitor: 'val/loss' }]]`.
import { register } from '@levin/core'
import { type EarlyStoppingOptions, earlyStopping } from './callbacks/early-stopping.js'
import { type LearningRateMonitorOptions, learningRateMonitor } from './callbacks/learning-rate-monitor.js'
import { type ModelCheckpointOptions, modelCheckpoint } from './callbacks/model-checkpoint.js'
import { type ModelSummaryOptions, modelSummary } from './callbacks/model-summary.js'
import { type ProgressBarOptions, progressBar } from './callbacks/progress-bar.js'

for (const plugin of [earlyStopping, learningRateMonitor, modelCheckpoint, modelSummary, progressBar]) register(plugin)

declare module '@levin/core' {
  interface CallbackRegistry {
    earlyStopping: EarlyStoppingOptions
    learningRateMonitor: LearningRateMonitorOptions
    modelCheckpoint: ModelCheckpointOptions
    modelSummary: ModelSummaryOptions
    progressBar: ProgressBarOptions
  }
}
