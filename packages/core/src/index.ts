export { Buffer } from './buffer.js'
export { type Clock, type MutableClock, startOfRun } from './clock.js'
export type {
  Accelerator,
  AcceleratorCapabilities,
  Devices,
  MemoryStatistics,
} from './contracts/accelerator.js'
export type { Callback } from './contracts/callback.js'
export type {
  CheckpointContent,
  CheckpointFacts,
  CheckpointIO,
  CheckpointPart,
  LoadOptions,
  PartReceipt,
  SaveOptions,
  SharedSaves,
  StoredCheckpoint,
  TensorRecord,
} from './contracts/checkpoint-io.js'
export type { ClusterEnvironment } from './contracts/cluster-environment.js'
export type { HookName, RunHooks, TrainBatchOutput } from './contracts/hooks.js'
export {
  type HostTensor,
  hostTensor,
  isHostTensor,
  type NumericData,
  type NumericType,
  type OnDevice,
  type OnHost,
  type StagedTensor,
  type Staging,
} from './contracts/host-tensor.js'
export type {
  LaunchedRanks,
  Launcher,
  LaunchRequest,
  RankContext,
  RankProgram,
  StartedWorker,
  StartWorker,
} from './contracts/launcher.js'
export type { BatchPlace, DataShard, Loader, LoaderLike, LoaderPosition } from './contracts/loader.js'
export type { Logger, LoggerPosition, LoggerSetup, LogMoment, MetricRow } from './contracts/logger.js'
export type {
  Gradients,
  Optimizer,
  OptimizerConfiguration,
  OptimizerSlot,
  OptimizerState,
  OptimizerWithSchedule,
  ParameterGroup,
  UpdateOptions,
} from './contracts/optimizer.js'
export type {
  AsynchronousCollectives,
  CollectiveOptions,
  Collectives,
  Elements,
  EndOfWorld,
  ProcessGroup,
  ProcessGroupFactory,
  RankDescription,
  ReduceOperation,
  TrafficCounters,
} from './contracts/process-group.js'
export type {
  EpochRunContext,
  LiveLine,
  OptimizerView,
  RunContext,
  RunKind,
  RunLimits,
  RunPhase,
  StepRunContext,
  StopReason,
} from './contracts/run-context.js'
export type { Reduction, ScalarSink, Slot, SlotOptions, SlotReading } from './contracts/scalar-sink.js'
export type { FeedbackSchedule, FeedbackState, PureSchedule, Schedule, ScheduleTime } from './contracts/schedule.js'
export type {
  Decision,
  GradientClipping,
  MicroBatch,
  Strategy,
  StrategyCapabilities,
  StrategySetup,
  TrainingWindow,
  WeightedLoss,
  WindowResult,
} from './contracts/strategy.js'
export type { World } from './contracts/world.js'
export { DataModule, type EvaluationLoaders } from './data-module.js'
export { DeviceLoss } from './device-loss.js'
export {
  adopt,
  copy,
  currentBackendName,
  disposeAll,
  type EngineMemory,
  engineMemory,
  ensureGradients,
  hasKernel,
  isRecording,
  isTensor,
  keep,
  mapTensors,
  type OnGradient,
  type OutputGradients,
  recompute,
  record,
  runKernel,
  sharesData,
  type Tape,
  tensorsIn,
  untaped,
} from './engine.js'
export { describe, type ErrorCode, type ErrorCodes, LevinError, type LevinErrorOptions } from './errors.js'
export { clippingCoefficient } from './gradients/clipping.js'
export { updateWindow } from './gradients/update-window.js'
export { constant, type Initializer, normal, ones, uniform, values, zeros } from './initializers.js'
export { Layer } from './layer.js'
export { layerName, unknownStyle } from './layer-errors.js'
export { Module, type TrainingOutput } from './module.js'
export { nearestName } from './nearest-name.js'
export { CurrentBackend, uploadCopy } from './null-objects/current-backend.js'
export { noCheckpoints } from './null-objects/no-checkpoints.js'
export { SingleDevice } from './null-objects/single-device.js'
export { SoloGroup } from './null-objects/solo-group.js'
export { soloRank } from './null-objects/solo-rank.js'
export {
  anyNumber,
  anyText,
  countFrom,
  flag,
  functionOption,
  numberAbove,
  numberFrom,
  type OptionRule,
  type OptionRules,
  oneOf,
  optionsSchema,
  text,
} from './option-rules.js'
export { Parameter, type ParameterOptions, VariableParameter } from './parameter.js'
export { type ParameterSplit, splitShard } from './parameter-split.js'
export { assignPaths, ParameterTree, type TreeContents, walk } from './parameter-tree.js'
export { currentPlatform } from './platform/current-platform.js'
export type { Files, Platform, Signal, Terminal } from './platform/platform.js'
export {
  type AnyPlugin,
  API_VERSION,
  type Availability,
  definePlugin,
  type Instance,
  instantiate,
  type Plugin,
  type PluginDefinition,
  type Recipe,
  recipeOf,
} from './plugin.js'
export type {
  AcceleratorRegistry,
  CallbackRegistry,
  CheckpointIORegistry,
  ClusterEnvironmentRegistry,
  CollectiveRegistry,
  Kind,
  LauncherRegistry,
  LoggerRegistry,
  PluginKinds,
  StrategyRegistry,
} from './plugin-kinds.js'
export { portableRecipe } from './portable-recipe.js'
export {
  availabilityOf,
  type Choice,
  findPlugin,
  fromRecipe,
  pickAvailable,
  pluginsOf,
  register,
  requireAvailable,
  resolve,
  unregister,
} from './registry.js'
export { reservedName, reservedNames } from './reserved-names.js'
export {
  deriveKey,
  fillNormal,
  fillTruncatedNormal,
  fillUniform,
  foldIn,
  permutation,
  philox,
  type RandomKey,
  RandomSequence,
  type SliceLayout,
  uniformAt,
} from './rng/index.js'
export { HostScalarSink } from './sinks/host-scalar-sink.js'
export { TensorScalarSink } from './sinks/tensor-scalar-sink.js'
export { joinSlices, wholeShapeOf } from './state/join-slices.js'
export {
  loadWholeModel,
  loadWholeOptimizer,
  readOptimizerSlots,
  wholeModel,
  wholeOptimizer,
} from './state/whole-state.js'
export { BufferUpdates } from './step/buffer-updates.js'
export { ForwardScope, type ForwardServices, inferenceStep } from './step/forward-scope.js'
export type { LayerRanks, LayerSharing, TensorRanks } from './step/layer-ranks.js'
export {
  type EpochLog,
  type EpochLogOptions,
  isMetricState,
  type Log,
  type LogReduction,
  type LogValue,
  type MetricDefinition,
  type MetricState,
  type StepLog,
  type StepLogOptions,
} from './step/log.js'
export { type DrawUniform, drawUniformOnHost, type RandomStream, type ShardSlice } from './step/random-stream.js'
export type {
  CallInterceptor,
  EvaluationStep,
  ManualOptimizer,
  PredictionStep,
  ReplayMark,
  Replicas,
  StepContext,
  StepMode,
  StepPosition,
  TrainingStep,
} from './step/step-context.js'
export { StepExit } from './step/step-exit.js'
export { type MaterialiseOptions, type Shard, StoredTensor } from './stored-tensor.js'
export {
  anyOf,
  atEnd,
  everyEpochs,
  everyMinutes,
  everySteps,
  firesAtSteps,
  isInexact,
  never,
  type Trigger,
  type TriggerMoment,
  TriggerState,
} from './triggers.js'
