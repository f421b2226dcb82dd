import type { Scalar, Tensor } from '@tensorflow/tfjs-core'

/**
 * A value in the making: the state of a metric for what it has seen, as one vector on the device. States of the same
 * metric merge over steps and workers by `reduction`, element by element.
 */
export interface MetricState {
  readonly metric: MetricDefinition
  /** `[metric.size]`, float32. */
  readonly state: Tensor
}

/** How a metric's states merge and what they come to. */
export interface MetricDefinition {
  readonly name: string
  readonly size: number
  readonly reduction: 'sum' | 'min' | 'max'
  /** The value of a merged state, on the host. A record logs one value per key, as `<name>/<key>`. */
  compute(state: Float64Array): number | Readonly<Record<string, number>>
}

export type LogValue = number | Scalar | MetricState

/** How a logged value is reduced over an epoch. `mean` is weighted by samples. */
export type LogReduction = 'mean' | 'sum' | 'min' | 'max'

/** Options of `log` where only an epoch's value makes sense. */
export interface EpochLogOptions {
  /** Show it in the progress bar. Default `false`. */
  readonly progressBar?: boolean
  /** Hand it to the loggers. Default `true`. */
  readonly logger?: boolean
  /** Default `'mean'`, weighted by `batchSize`. Metric states reduce by themselves. */
  readonly reduction?: LogReduction
  /** Weight of this value in the mean. Default: the samples of the batch at hand, 1 where there is none. */
  readonly batchSize?: number
  /** Add `/dataloader_<i>` where there are several loaders. Default `true`. */
  readonly addDataloaderIndex?: boolean
}

/** Options of `log` within a step. */
export interface StepLogOptions extends EpochLogOptions {
  /** Log the value of the step, at the Trainer's log trigger. Default: `true` in training, `false` in evaluation. */
  readonly onStep?: boolean
  /** Log the value reduced over the epoch. Default: `false` in training, `true` in evaluation. */
  readonly onEpoch?: boolean
}

/** Logs values by name. It exists only where logging means something; its defaults are those of the place. */
export interface Log<O extends EpochLogOptions> {
  /**
   * @throws LEVIN_LOG for a value that is no number, scalar or metric state, or a name logged before in another way
   */
  log(name: string, value: LogValue, options?: O): void
  /** Several values with the same options. */
  logAll(values: Readonly<Record<string, LogValue>>, options?: O): void
}

export type StepLog = Log<StepLogOptions>
export type EpochLog = Log<EpochLogOptions>

export const isMetricState = (value: unknown): value is MetricState =>
  typeof value === 'object' && value !== null && 'metric' in value && 'state' in value
