import { type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import type { Callback } from './contracts/callback.js'
import type { RunHooks } from './contracts/hooks.js'
import type { OnHost } from './contracts/host-tensor.js'
import type { LoaderLike } from './contracts/loader.js'
import type { Gradients, Optimizer, OptimizerConfiguration, UpdateOptions } from './contracts/optimizer.js'
import type { GradientClipping } from './contracts/strategy.js'
import type { EvaluationLoaders } from './data-module.js'
import { LevinError } from './errors.js'
import { Layer } from './layer.js'
import { assignPaths, ParameterTree } from './parameter-tree.js'
import { inferenceStep } from './step/forward-scope.js'
import type { EvaluationStep, PredictionStep, StepContext, TrainingStep } from './step/step-context.js'

type Awaitable<T> = T | Promise<T>

/** What a training step returns: the loss, or the loss and how much it counts in its window (tokens, samples). */
export type TrainingOutput = Scalar | { readonly loss: Scalar; readonly weight: number }

// Merged into the class, so that the optional methods below need no body and subclasses no `override`.
export interface Module<Batch = unknown> extends RunHooks {
  /**
   * Computes the loss of one batch. Synchronous by type: tfjs frees the tensors of a scope that spans an `await`.
   * Under manual optimization it calls `step.backward` and its optimizers, and may return nothing.
   */
  trainingStep?(batch: Batch, step: TrainingStep): TrainingOutput | void
  validationStep?(batch: Batch, step: EvaluationStep): void
  testStep?(batch: Batch, step: EvaluationStep): void
  /** What `trainer.predict` collects per batch; read to the host. Default: `forward`. */
  predictStep?(batch: Batch, step: PredictionStep): unknown

  /** The optimizer, with a schedule if there is one; several under manual optimization. */
  configureOptimizers?(): OptimizerConfiguration
  /** Callbacks of the module's own; one replaces the Trainer's of the same `stateKey`. */
  configureCallbacks?(): readonly Callback[]
  /** Builds layers once the device is set up, for models that need it. Idempotent. */
  configureModel?(): Awaitable<void>

  /** Changes how gradients are clipped. Called instead of the Trainer's own clipping; returns the gradients to use. */
  configureGradientClipping?(
    optimizer: Optimizer,
    gradients: Gradients,
    clipping: GradientClipping | undefined,
  ): Gradients
  /** Changes how the optimizer is called. Default: `optimizer.step(gradients, options)`. */
  optimizerStep?(optimizer: Optimizer, gradients: Gradients, options: UpdateOptions): void

  /**
   * The layers that the step calls one after the other, each on what the one before it gave: a pipeline cuts between them. Or lists
   * of such layers, one per stage, where the module says itself where to cut. Default: the one chain of layers that it holds.
   */
  stages?(): readonly Layer<never, unknown>[] | readonly (readonly Layer<never, unknown>[])[]

  prepareData?(): Awaitable<void>
  trainDataLoader?(): Awaitable<LoaderLike<OnHost<Batch>>>
  valDataLoader?(): Awaitable<EvaluationLoaders<OnHost<Batch>>>
  testDataLoader?(): Awaitable<EvaluationLoaders<OnHost<Batch>>>
  predictDataLoader?(): Awaitable<EvaluationLoaders<OnHost<Batch>>>
  onBeforeBatchTransfer?(batch: OnHost<Batch>, dataloaderIndex: number): OnHost<Batch>
  onAfterBatchTransfer?(batch: Batch, dataloaderIndex: number): Batch
}

/**
 * A model and how it is trained. Declare layers and parameters as fields, write `trainingStep` and
 * `configureOptimizers`; the Trainer does the rest. Creating a module touches no device.
 *
 * @typeParam Batch what steps receive: tensors on the device
 * @example
 * class Regression extends Module<{ x: Tensor2D; y: Tensor2D }> {
 *   readonly net = linear(3, 1)
 *   trainingStep({ x, y }: Batch, step: TrainingStep) {
 *     return mse(this.net.forward(x, step), y)
 *   }
 *   configureOptimizers() { return adam(this.parameters()) }
 * }
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface holds optional methods only.
// biome-ignore lint/correctness/noUnusedVariables: merged declarations must have the same type parameters.
export abstract class Module<Batch = unknown> extends ParameterTree {
  /** What made this module what it is: JSON, kept by loggers and checkpoints. */
  readonly hparams?: Readonly<Record<string, unknown>>
  /** `false`: `trainingStep` computes gradients and calls optimizers itself. Default `true`. */
  readonly automaticOptimization: boolean = true
  /** An input for the model summary's shapes. */
  readonly exampleInput?: readonly number[]

  /**
   * The model's plain use: input to output, as `predict` runs it. Default: the one layer that the module holds.
   *
   * @throws LEVIN_INVALID_MODULE if the module holds none or several layers
   */
  // biome-ignore lint/suspicious/noExplicitAny: models take and give whatever they like; subclasses narrow it.
  forward(input: any, step: StepContext): any {
    const layers = Object.values(this).filter((value) => value instanceof Layer)
    if (layers.length === 1) return (layers[0] as Layer<unknown, unknown>).forward(input, step)
    throw new LevinError('LEVIN_INVALID_MODULE', {
      message: `${this.constructor.name} has no forward().`,
      expected: 'one layer field to run, or a forward(input, step) method',
      found: `${layers.length} layer fields`,
      remedy: 'Add forward(input, step) to the module.',
    })
  }

  /**
   * Gives every parameter and buffer its value, without a Trainer. Set up the device first (`await tf.ready()`).
   *
   * @param options.seed of the initial values. Default 0.
   */
  build({ seed = 0 }: { seed?: number } = {}): this {
    const { parameters, buffers } = assignPaths(this)
    for (const stored of [...parameters, ...buffers]) stored.materialise({ seed })
    return this
  }

  /** Runs the model on an input, outside training. The result is the caller's to dispose. */
  predict<O = Tensor>(input: Parameters<this['forward']>[0]): O {
    return tidy(() => this.forward(input, inferenceStep()) as never) as O
  }

  /** Frees parameters and buffers. The module can be built again. */
  dispose(): void {
    for (const stored of [...this.parameters(), ...this.buffers()]) stored.dispose()
  }
}
