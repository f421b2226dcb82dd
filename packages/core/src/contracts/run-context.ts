import type { Clock } from '../clock.js'
import type { DataModule } from '../data-module.js'
import type { Module } from '../module.js'
import type { Platform } from '../platform/platform.js'
import type { EpochLog, StepLog } from '../step/log.js'
import type { Accelerator } from './accelerator.js'
import type { SaveOptions } from './checkpoint-io.js'
import type { Logger } from './logger.js'
import type { Optimizer } from './optimizer.js'
import type { RankDescription } from './process-group.js'
import type { Schedule } from './schedule.js'

/** What was asked for: the entry point. */
export type RunKind = 'fit' | 'validate' | 'test' | 'predict'

/** What is going on right now. */
export type RunPhase = 'sanityCheck' | 'train' | 'validate' | 'test' | 'predict'

/** Why a run ended before its limits. Callbacks may add their own words. */
export type StopReason =
  | 'maxTime'
  | 'earlyStopping'
  | 'nonFiniteMetric'
  | 'requested'
  | 'aborted'
  | 'signal'
  | (string & {})

/** Limits of the run, as resolved. `Infinity` where there is none. */
export interface RunLimits {
  readonly maxEpochs: number
  readonly maxSteps: number
  /** Batches per training epoch; `undefined` for loaders of unknown length. */
  readonly trainBatches: number | undefined
  /** Per loader. */
  readonly evaluationBatches: readonly (number | undefined)[]
  readonly accumulateGradientBatches: number
  /** Whether the fit validates at all. */
  readonly hasValidation: boolean
}

/** Something that stays at the bottom of the terminal and makes room for other lines: a progress bar. */
export interface LiveLine {
  clear(): void
  redraw(): void
}

/** An optimizer with what the Trainer knows of it. */
export interface OptimizerView {
  readonly optimizer: Optimizer
  /** Name under which its learning rate is logged. */
  readonly name: string
  readonly interval: 'step' | 'epoch'
  readonly schedule: Schedule | undefined
}

/** What hooks see of a run: narrow on purpose. It is the same object throughout a run; its properties are current. */
export interface RunContext {
  readonly kind: RunKind
  readonly phase: RunPhase
  readonly clock: Clock
  readonly module: Module
  readonly data: DataModule | undefined
  readonly accelerator: Accelerator
  readonly platform: Platform
  readonly rank: RankDescription
  readonly isGlobalZero: boolean
  readonly limits: RunLimits
  readonly optimizers: readonly OptimizerView[]
  readonly loggers: readonly Logger[]
  /** Folder of this run: the first logger's that has one, else the root folder. */
  readonly runFolder: string
  /**
   * Metrics that were read so far, newest values: what callbacks monitor. Reading it never waits for the device. The same on all
   * ranks: values of an epoch are of all of them, those of single steps of global rank zero.
   */
  readonly metrics: Readonly<Record<string, number>>
  /** How often each metric was read: tells a new value from an old one. */
  readonly metricReads: Readonly<Record<string, number>>
  /** The part of {@link metrics} meant for the progress bar. */
  readonly progressBarMetrics: Readonly<Record<string, number>>
  /** Index of the running dataloader in evaluation and prediction. */
  readonly dataloaderIndex: number
  /** Whether a stop was requested; of several ranks, whether all have agreed on one. */
  readonly stopping: boolean

  /** Asks for the run to end at the next window boundary. All ranks agree on it there. */
  requestStop(reason: StopReason, message?: string): void
  /** Reads what was logged so far into {@link metrics}, which are the same on all ranks. All of them take part. */
  readMetrics(): void | Promise<void>
  /**
   * Saves a checkpoint of the whole run. All ranks take part, here and in what else is done with checkpoints: they leave it
   * together, and what fails on one of them fails on all. Of callbacks and the data module the state on global rank zero is saved.
   *
   * @param options.weightsOnly leave out optimizer and loops. Default `false`.
   */
  saveCheckpoint(location: string, options?: SaveOptions & { weightsOnly?: boolean }): Promise<void>
  removeCheckpoint(location: string): Promise<void>
  /** Whether there is a checkpoint at that place, of whichever run. */
  checkpointExists(location: string): Promise<boolean>
  /** Points `<folder>/<name>` at a checkpoint, atomically. */
  pointCheckpoint(folder: string, name: string, location: string): Promise<void>
  /** Checks that checkpoints can be written to the folder. */
  prepareCheckpoints(folder: string): Promise<void>
  /**
   * The value of global rank zero, on all ranks: what depends on a clock, a file or a random number must be decided once. All
   * ranks take part. Plain data.
   */
  broadcast<T>(value: T): T | Promise<T>
  /** Says something to the person at the terminal, on rank zero, without tearing the progress bar. */
  announce(message: string, level?: 'info' | 'warning'): void
  /** Takes or gives up the bottom line of the terminal. */
  occupyLine(line: LiveLine | undefined): void
}

/** A run in hooks where values of one step may be logged. */
export interface StepRunContext extends RunContext, StepLog {}
/** A run in hooks where only values of an epoch may be logged. */
export interface EpochRunContext extends RunContext, EpochLog {}
