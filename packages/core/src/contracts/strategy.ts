import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { Clock } from '../clock.js'
import type { Module } from '../module.js'
import type { Parameter } from '../parameter.js'
import type { Platform } from '../platform/platform.js'
import type { LayerSharing } from '../step/layer-ranks.js'
import type { CallInterceptor, Replicas, StepContext } from '../step/step-context.js'
import type { Accelerator, Devices } from './accelerator.js'
import type { TensorRecord } from './checkpoint-io.js'
import type { DataShard } from './loader.js'
import type { Gradients, Optimizer } from './optimizer.js'
import type { RankDescription } from './process-group.js'
import type { World } from './world.js'

/** What a strategy can do. Asked by the Trainer before a run, so that what cannot work is refused at the start. */
export interface StrategyCapabilities {
  /** Holds only a part of some parameters, so plain `tf.Variable` fields and layers models are refused. Default `false`. */
  readonly shardsParameters: boolean
  /** Serves `automaticOptimization = false`. Default `false`. */
  readonly manualOptimization: boolean
  /** Communicates inside a forward and so needs an accelerator with `synchronousRead`. Default `false`. */
  readonly needsSynchronousRead: boolean
  /** Most workers it can use. */
  readonly maxDevices: number
}

export interface StrategySetup {
  readonly accelerator: Accelerator
  readonly devices: Devices
  readonly platform: Platform
}

/** The loss of one micro-batch and how much it counts in its window. */
export interface WeightedLoss {
  readonly loss: Scalar
  /** Default: the samples of the micro-batch. */
  readonly weight: number
}

/** One batch of an accumulation window, on the device. */
export interface MicroBatch {
  /** Position within the window. */
  readonly index: number
  /** Whether the window ends with it. */
  readonly last: boolean
  readonly samples: number
  readonly step: StepContext
}

/** Clipping as the user asked for it. */
export type GradientClipping =
  | { readonly algorithm: 'norm'; readonly value: number }
  | { readonly algorithm: 'value'; readonly value: number }

/**
 * One accumulation window as the strategy sees it. The Trainer fills it: hooks, logging and limits happen inside these
 * calls, so that their order is the same under every strategy.
 */
export interface TrainingWindow {
  readonly clock: Clock
  readonly parameters: readonly Parameter[]
  readonly optimizer: Optimizer
  readonly clipping: GradientClipping | undefined
  /** The next micro-batch, uploaded; `undefined` at the end of the window. Ends early when the data end. */
  next(): Promise<MicroBatch | undefined>
  /**
   * The module's `trainingStep`, synchronously. Called inside the strategy's tape. A `StepExit` that the interceptor throws
   * comes out as it is, and the window goes on: a stage of a pipeline that has no loss of its own.
   */
  forward(micro: MicroBatch): WeightedLoss
  /** @param loss of this rank, or as it was received from the one that has it */
  beforeBackward(micro: MicroBatch, loss: Scalar): void
  afterBackward(micro: MicroBatch): void
  /** Before the optimizer runs: hooks see the gradients of the whole window. May return others to use instead. */
  beforeUpdate(gradients: Gradients): Gradients
  /** Calls the optimizer; a module may override how. */
  update(gradients: Gradients, gradientScale: number | Scalar | undefined): void
  /** The micro-batch is done: its tensors are freed, and for the last one the update has happened. */
  finish(micro: MicroBatch): void | Promise<void>
}

/** What a window came to. */
export interface WindowResult {
  /** Micro-batches that were run. 0: the data had ended. */
  readonly microBatches: number
  readonly samples: number
  /** Whether an optimizer ran. */
  readonly updated: boolean
}

/** Something all ranks decide together: any rank's reason to stop stops all; values are rank 0's. */
export interface Decision {
  readonly stop?: string | undefined
  readonly [key: string]: unknown
}

/**
 * A Strategy decides where each part of a step runs. It owns a whole accumulation window, from the first forward to
 * the update, and all state that may be sharded. It never changes a result: same seed and same global batch give the
 * loss curve of one device.
 */
export interface Strategy {
  readonly name: string
  readonly capabilities: StrategyCapabilities
  /**
   * Makes this the strategy of one of several workers. Called once, before anything else, and only where there are several.
   * Absent: it runs on one worker.
   */
  join?(world: World): void
  /**
   * Known from {@link join} on; rank 0 of 1 without it. Global rank 0 writes logs and checkpoints, so it has to be a rank on which steps
   * run to their end: in a pipeline, one of the last stage.
   */
  readonly rank: RankDescription
  /**
   * Of ranks that work on one part of the data together, whether this is the one whose predictions count: steps run to their end on it.
   * Absent: every rank has a part of its own.
   */
  readonly speaks?: boolean
  /** The part of the data this rank reads. A mesh shards over its data axis only. */
  readonly dataShard: DataShard
  /** Sizes of the mesh axes; `{}` for one device. Recorded in checkpoints. */
  readonly mesh: Readonly<Record<string, number>>

  setup(setup: StrategySetup): Promise<void>

  /** Why a run under it differs from that of one device, as a sentence that is announced at the start. Absent: it does not. */
  readonly inexact?: string | undefined

  /** This worker cannot go on. The others learn it now rather than at their deadline. */
  fail?(error: unknown): void

  /**
   * Gives every parameter and buffer of the module its value, whole or as this rank's slice, from (seed, path, global
   * index). Those that have one already keep it.
   */
  materialise(module: Module, options: { seed: number }): void | Promise<void>

  /** The workers whose batches are parts of one, for layers whose result depends on all of it. Absent: there are none. */
  readonly replicas?: Replicas | undefined

  /** The ranks that compute layers together with this one. Absent: layers run whole. */
  readonly sharing?: LayerSharing | undefined

  /**
   * The part of a batch on the device that this rank works on, where ranks that read the same samples divide them further, such as
   * stretches of sequences. What it makes is freed with the batch. Absent: all of it.
   */
  divideBatch?(batch: unknown): unknown

  /** Sees every call of a layer while a step runs: recompute, replacement, cuts. Absent: layers run as written. */
  readonly intercept?: CallInterceptor | undefined

  /** Runs one accumulation window. On failure nothing of it is left: no tensor, no half-made update. */
  step(window: TrainingWindow): Promise<WindowResult>

  /** One training step under manual optimization: the module calls `step.backward` and its optimizers itself. */
  manualStep?(window: TrainingWindow): Promise<WindowResult>

  /** Gradients of a scalar, for manual optimization. The caller disposes them. */
  backward?(loss: () => Scalar, parameters: readonly Parameter[]): { loss: Scalar; gradients: Map<Parameter, Tensor> }

  /**
   * Runs an evaluation or prediction step on one batch, untaped. What it gives outlives the call. A pipeline receives before
   * it runs its part, and so answers later; a rank whose step ends at a cut has no result.
   */
  evaluate<T>(run: () => T): T | undefined | Promise<T | undefined>

  /**
   * Lets all ranks hold the same model again, where it may differ between them for a while. Called on all ranks before an
   * evaluation, before a checkpoint, and at the end of a fit. Absent: it never differs.
   */
  synchronise?(): void | Promise<void>

  /** One decision for all ranks, at a window boundary. */
  agree(decision: Decision): Decision | Promise<Decision>

  /**
   * Reduces host values over the data shards, element by element: metrics, once per epoch. All ranks get the result. Of ranks
   * that work on one shard together (stages of a pipeline, parts of a tensor) one counts, on which steps run to their end.
   */
  reduce(values: Float64Array, operation: 'sum' | 'min' | 'max'): Float64Array | Promise<Float64Array>
  /** What each data shard brings, in the order of the shards, on all ranks. Plain data, NaN included; who counts is as above. */
  gather<T>(value: T): readonly T[] | Promise<readonly T[]>
  /** The value of global rank `source`, on all ranks. Default 0. Plain data. */
  broadcast<T>(value: T, source?: number): T | Promise<T>
  barrier(name: string): void | Promise<void>

  /**
   * Whether a checkpoint has a part of each rank: every rank's records are then slices, and tensors that it holds whole. What
   * several ranks hold alike is written once, whoever yields it, so `data()` of a record may be called on one rank alone.
   * Default `false`: the records of global rank 0 are whole, and are what is saved.
   */
  readonly savesParts?: boolean
  /**
   * The model's tensors as this rank has to save them. Where {@link savesParts} is set, values may be read when `data()` is called:
   * training waits until every rank has written its part. Otherwise they are snapshots, and training may go on. All ranks take all
   * records at the same time and in the same order, so that a strategy may gather a tensor before it yields it. A rank whose records nobody
   * saves yields none, or none that costs anything: their `data()` is not called.
   */
  modelState(module: Module): Iterable<TensorRecord> | AsyncIterable<TensorRecord>
  loadModelState(
    module: Module,
    records: ReadonlyMap<string, TensorRecord>,
    options: { strict: boolean },
  ): Promise<void>
  optimizerState(optimizer: Optimizer): Iterable<TensorRecord> | AsyncIterable<TensorRecord>
  loadOptimizerState(
    optimizer: Optimizer,
    state: Parameters<Optimizer['load']>[0],
    records: ReadonlyMap<string, TensorRecord>,
  ): Promise<void>

  teardown(): Promise<void>
}
