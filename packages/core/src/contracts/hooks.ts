import type { Scalar } from '@tensorflow/tfjs-core'
import type { Gradients, Optimizer } from './optimizer.js'
import type { EpochRunContext, RunContext, RunKind, StepRunContext } from './run-context.js'

type Awaitable<T> = T | Promise<T>

/** What a training step came to, for the hooks after it. The loss lives until the hook returns. */
export interface TrainBatchOutput {
  readonly loss: Scalar | undefined
  readonly weight: number
}

/**
 * The hooks that both modules and callbacks have, in Lightning's words and order. Callbacks run before the module.
 * Hooks within a step (`onBefore…`, `onAfterBackward`) are synchronous: tfjs frees tensors of a scope that spans an
 * `await`. A hook that nobody implements is not called.
 */
export interface RunHooks {
  setup?(kind: RunKind, run: RunContext): Awaitable<void>
  teardown?(kind: RunKind, run: RunContext): Awaitable<void>

  onFitStart?(run: RunContext): Awaitable<void>
  onFitEnd?(run: RunContext): Awaitable<void>

  onTrainStart?(run: EpochRunContext): Awaitable<void>
  onTrainEnd?(run: RunContext): Awaitable<void>
  onTrainEpochStart?(run: EpochRunContext): Awaitable<void>
  onTrainEpochEnd?(run: EpochRunContext): Awaitable<void>
  /** Returning `'skipEpoch'` leaves out the rest of the epoch, this batch included. */
  onTrainBatchStart?(batch: unknown, batchIndex: number, run: StepRunContext): Awaitable<void | 'skipEpoch'>
  onTrainBatchEnd?(output: TrainBatchOutput, batch: unknown, batchIndex: number, run: StepRunContext): Awaitable<void>

  /** The first micro-batch of a window is about to run: gradients start from nothing. */
  onBeforeZeroGrad?(optimizer: Optimizer, run: StepRunContext): void
  onBeforeBackward?(loss: Scalar, run: StepRunContext): void
  onAfterBackward?(run: StepRunContext): void
  /** The gradients of the whole window, before clipping. They are freed after the update. */
  onBeforeOptimizerStep?(optimizer: Optimizer, gradients: Gradients, run: StepRunContext): void

  onValidationStart?(run: EpochRunContext): Awaitable<void>
  onValidationEnd?(run: RunContext): Awaitable<void>
  onValidationEpochStart?(run: EpochRunContext): Awaitable<void>
  onValidationEpochEnd?(run: EpochRunContext): Awaitable<void>
  onValidationBatchStart?(batch: unknown, batchIndex: number, run: StepRunContext): Awaitable<void>
  onValidationBatchEnd?(batch: unknown, batchIndex: number, run: StepRunContext): Awaitable<void>

  onTestStart?(run: EpochRunContext): Awaitable<void>
  onTestEnd?(run: RunContext): Awaitable<void>
  onTestEpochStart?(run: EpochRunContext): Awaitable<void>
  onTestEpochEnd?(run: EpochRunContext): Awaitable<void>
  onTestBatchStart?(batch: unknown, batchIndex: number, run: StepRunContext): Awaitable<void>
  onTestBatchEnd?(batch: unknown, batchIndex: number, run: StepRunContext): Awaitable<void>

  onPredictStart?(run: RunContext): Awaitable<void>
  onPredictEnd?(run: RunContext): Awaitable<void>
  onPredictEpochStart?(run: RunContext): Awaitable<void>
  onPredictEpochEnd?(run: RunContext): Awaitable<void>
  onPredictBatchStart?(batch: unknown, batchIndex: number, run: RunContext): Awaitable<void>
  /** `prediction` holds what the step returned, read to the host. */
  onPredictBatchEnd?(prediction: unknown, batch: unknown, batchIndex: number, run: RunContext): Awaitable<void>

  /** Adds to what a checkpoint keeps: JSON under keys of your own. */
  onSaveCheckpoint?(checkpoint: Record<string, unknown>, run: RunContext): void
  /** Gets back what {@link onSaveCheckpoint} added. */
  onLoadCheckpoint?(checkpoint: Readonly<Record<string, unknown>>, run: RunContext): void
}

/** Every hook name. The Trainer sorts callbacks into one list per hook at the start of a run. */
export type HookName = keyof RunHooks
