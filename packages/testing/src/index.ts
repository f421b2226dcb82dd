export { type AcceleratorHarness, acceleratorCases } from './accelerator-cases.js'
export { allClose, assertAllClose, type Comparison, compareClose, type Numbers, type Tolerance } from './all-close.js'
export { BoringLoader, type BoringLoaderOptions } from './boring-loader.js'
export { type BoringBatch, BoringModule, boringBatches } from './boring-module.js'
export { type CallbackHarness, callbackCases } from './callback-cases.js'
export { type CheckpointIOHarness, checkpointIOCases } from './checkpoint-io-cases.js'
export { type ConformanceCase, conformanceCases, type KnownFailures } from './conformance-case.js'
export type { Fit, FitOutcome, FitRequest } from './fit.js'
export {
  HOOKS,
  HookTranscript,
  type RecordedCall,
  type RecordingOptions,
  recordHooks,
  recordingCallback,
} from './hook-transcript.js'
export { type KeptRow, type LoggerHarness, loggerCases } from './logger-cases.js'
export { MemoryCheckpoints } from './memory-checkpoints.js'
export { MemoryFiles } from './memory-files.js'
export { type OptimizerHarness, optimizerCases } from './optimizer-cases.js'
export { PlainSgd } from './plain-sgd.js'
export { endsItsWorld, type ProcessGroupHarness, processGroupBodies, processGroupCases } from './process-group-cases.js'
export { type StrategyHarness, strategyCases } from './strategy-cases.js'
export {
  type HeldTensor,
  playScenario,
  type RankOptions,
  type StrategyOutcome,
  type StrategyScenario,
} from './strategy-scenario.js'
export { TestPlatform, type TestPlatformOptions } from './test-platform.js'
