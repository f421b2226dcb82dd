import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { Buffer } from '../buffer.js'
import type { Layer } from '../layer.js'
import type { Parameter } from '../parameter.js'
import type { LayerSharing } from './layer-ranks.js'
import type { StepLog } from './log.js'
import type { RandomStream } from './random-stream.js'

export type StepMode = 'train' | 'validate' | 'test' | 'predict'

/**
 * Sees every call of a layer: recompute, sharded units, tensor-parallel replacement, pipeline cuts, profiling. Calls
 * `next` to go on, with the same or another input, returns an output of its own, or throws a {@link StepExit}.
 */
export type CallInterceptor = <I, O>(layer: Layer<I, O>, input: I, step: StepContext, next: (input: I) => O) => O

/** Where a step stands in the run: what random numbers and statistics are functions of. */
export interface StepPosition {
  readonly seed: number
  readonly mode: StepMode
  /** Updates before this step. */
  readonly globalStep: number
  readonly epoch: number
  readonly batchIndex: number
  /** Position within the accumulation window. */
  readonly microBatch: number
  /**
   * Index of this batch's first sample within the window's global batch, over all micro-batches and workers; in evaluation
   * and prediction, within what the loader yields.
   */
  readonly firstSample: number
  /** Samples of the window over all micro-batches and workers; of the batch at hand where the window's end is not known. */
  readonly globalBatchSize: number
}

/** The workers that compute the same step on other parts of one batch. */
export interface Replicas {
  readonly count: number
  /** Which of them this one is, from 0. */
  readonly index: number
  /**
   * Sums `values` over all of them, in place, without yielding. Every replica calls it, with as many values: one whose part of
   * the batch is empty too.
   */
  sum(values: Float32Array): void
}

/** What a forward pass receives instead of ambient state. One for inference needs no Trainer: {@link inferenceStep}. */
export interface StepContext extends StepPosition {
  readonly training: boolean

  /**
   * Random numbers for a layer: a function of seed, path, step and the *global* index of each element, so that
   * accumulation and sharding change nothing. Several calls for one path within a step give different numbers.
   */
  random(path: string): RandomStream

  /** Set in training where the batch is spread over several workers, unless `syncBatchNorm` is off: for statistics of all of it. */
  readonly replicas: Replicas | undefined

  /** The ranks that compute the layers of this step together, in training and in evaluation. Absent: layers run whole. */
  readonly sharing: LayerSharing | undefined

  /** A buffer's value as this window has left it so far. */
  read(buffer: Buffer): Tensor

  /**
   * Sets a buffer at the end of the window. The value is copied from the tape's scope; a recomputed or aborted step
   * changes nothing.
   */
  update(buffer: Buffer, value: Tensor): void

  /** The one place where layers are called; what `layer.forward` does. */
  call<I, O>(layer: Layer<I, O>, input: I): O

  /** What a second run of the code that comes next needs, to be run by {@link replay}. For interceptors that recompute. */
  mark(): ReplayMark
  /** Runs `f` as it ran at the mark: the same random numbers, and buffers are left alone. */
  replay<T>(mark: ReplayMark, f: () => T): T
}

/** Where the random numbers of a step stood. */
export interface ReplayMark {
  readonly draws: ReadonlyMap<string, number>
}

/** The context of `trainingStep`. */
export interface TrainingStep extends StepContext, StepLog {
  readonly mode: 'train'
  readonly training: true
  /**
   * Manual optimization: gradients of a loss. Needs `automaticOptimization = false`. The gradients are freed after the
   * training step.
   *
   * @example
   * const gradients = step.backward(() => this.generatorLoss(batch, step), this.generator.parameters())
   * step.optimizer(0).step(gradients)
   */
  backward(loss: () => Scalar, parameters: readonly Parameter[]): ReadonlyMap<Parameter, Tensor>
  /** The optimizer that `configureOptimizers` returned at `index`. Default 0. For manual optimization. */
  optimizer(index?: number): ManualOptimizer
}

/** An optimizer as a manual training step sees it. */
export interface ManualOptimizer {
  /** Runs the hooks, clips by the Trainer's or the given options, and updates. */
  step(gradients: ReadonlyMap<Parameter, Tensor>, options?: { clipNorm?: number; clipValue?: number }): void
}

/** The context of `validationStep` and `testStep`. */
export interface EvaluationStep extends StepContext, StepLog {
  readonly mode: 'validate' | 'test'
  readonly training: false
  /** Which of several loaders the batch came from. */
  readonly dataloaderIndex: number
}

/** The context of `predictStep` and `module.predict`. Nothing can be logged. */
export interface PredictionStep extends StepContext {
  readonly mode: 'predict'
  readonly training: false
  readonly dataloaderIndex: number
}
