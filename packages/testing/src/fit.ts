import type { Callback, CheckpointIO, Clock, GradientClipping, Platform, Strategy } from '@levin/core'
import type { BoringLoader } from './boring-loader.js'
import type { BoringModule } from './boring-module.js'

/** A training that a conformance case asks for. */
export interface FitRequest {
  readonly module: BoringModule
  readonly data: { readonly train: BoringLoader; readonly validate?: BoringLoader }
  readonly callbacks: readonly Callback[]
  /** Absent: one device. */
  readonly strategy?: Strategy
  readonly maxEpochs: number
  readonly accumulateGradBatches: number
  readonly clipping?: GradientClipping
  readonly seed: number
  readonly platform: Platform
  readonly checkpointIO: CheckpointIO
  /** A checkpoint of `checkpointIO` to go on from. */
  readonly ckptPath?: string
}

export interface FitOutcome {
  readonly status: 'completed' | 'stopped' | 'aborted'
  readonly clock: Clock
  /** Metrics that were read, newest values. */
  readonly metrics: Readonly<Record<string, number>>
}

/**
 * Runs a training: this package knows no Trainer, so whoever runs the cases hands one in.
 *
 * @example
 * const fit: Fit = ({ module, data, ckptPath, clipping, ...options }) =>
 *   new Trainer({
 *     ...options,
 *     ...(clipping ? { gradientClipVal: clipping.value, gradientClipAlgorithm: clipping.algorithm } : {}),
 *     loggers: false,
 *     enableCheckpointing: false,
 *     enableProgressBar: false,
 *     enableModelSummary: false,
 *   }).fit(module, data, ckptPath === undefined ? {} : { ckptPath })
 */
export type Fit = (request: FitRequest) => Promise<FitOutcome>
