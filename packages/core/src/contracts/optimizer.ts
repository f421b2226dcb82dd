import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { Parameter } from '../parameter.js'
import type { Schedule } from './schedule.js'

/** Gradients of one update. A parameter that is not in it is left alone. */
export type Gradients = ReadonlyMap<Parameter, Tensor>

export interface UpdateOptions {
  /** Factor on every gradient: the coefficient of clipping by norm. A tensor where the norm stays on the device. */
  readonly gradientScale?: number | Scalar
  /** Bound on the absolute value of every gradient element, after scaling. */
  readonly clipValue?: number
}

/** Parameters that share options. */
export interface ParameterGroup {
  readonly parameters: readonly Parameter[]
  /** What the schedule multiplies. Per step. */
  readonly baseLearningRate: number
  /** In force for the next update; the Trainer sets it from the schedule. */
  learningRate: number
  readonly weightDecay?: number
  /** For logging; default `group <index>`. */
  readonly name?: string
}

/** One named tensor of an optimizer's state, such as Adam's first moment of `net.0.weight`. */
export interface OptimizerSlot {
  readonly parameter: Parameter
  readonly slot: string
  readonly value: Tensor
}

/** An Optimizer turns gradients into new parameter values. Its state is keyed by parameter path, never by position. */
export interface Optimizer {
  readonly name: string
  readonly groups: readonly ParameterGroup[]
  /**
   * Whether each element's update depends on that element alone, so that state may be cut anywhere. `'tensor'`: only
   * whole tensors may be moved (a norm per layer, a matrix inverse). Default is `'element'`.
   *
   * A strategy that shards gives parameters and gradients without elements for what other ranks hold: they count as updated, so
   * that {@link state} is the same on all ranks. Where whole tensors are moved, their first axis has size 0 then.
   */
  readonly sharding: 'element' | 'tensor'

  /**
   * Updates the parameters in place. Gradients stay the caller's. Synchronous, and reads nothing back.
   *
   * @param gradients one per parameter, of the parameter's local shape
   */
  step(gradients: Gradients, options?: UpdateOptions): void

  /** Sum of squares over the gradients of its own parameters, on the device: what clipping by norm needs. The caller disposes it. */
  squaredNorm(gradients: Gradients): Scalar

  /** Everything that a resumed run needs besides tensors: update counts, options that changed. JSON. */
  state(): OptimizerState
  /** The tensors of the state. Empty before the first step. */
  slots(): Iterable<OptimizerSlot>

  /**
   * Puts state back. Tensors become the optimizer's, also when it refuses them.
   *
   * @throws LEVIN_CHECKPOINT_MISMATCH naming a parameter or slot that is missing, unknown or of another shape.
   */
  load(state: OptimizerState, slots: Iterable<OptimizerSlot>): void

  /** Frees the state. The parameters are the module's. */
  dispose(): void
}

export interface OptimizerState {
  readonly name: string
  readonly [key: string]: unknown
}

/** An optimizer with its schedule: the long form of what `configureOptimizers` returns. */
export interface OptimizerWithSchedule {
  readonly optimizer: Optimizer
  readonly schedule: Schedule
  /** The unit of the schedule's time. Default: the schedule's own, or `'epoch'` as in Lightning. */
  readonly interval?: 'step' | 'epoch'
  /** Evaluate the schedule every so many intervals. Default 1. */
  readonly frequency?: number
  /** The logged metric that a schedule with feedback watches. */
  readonly monitor?: string
  /** Whether a missing metric is an error. Default `true`; otherwise a warning. */
  readonly strict?: boolean
  /** The name under which the learning rate is logged. Default `lr-<optimizer>`. */
  readonly name?: string
}

/** What `configureOptimizers` may return. Several optimizers need `automaticOptimization = false`. */
export type OptimizerConfiguration = Optimizer | OptimizerWithSchedule | readonly (Optimizer | OptimizerWithSchedule)[]
