import type { Platform } from '../platform/platform.js'

/** A row of metrics by name. NaN and infinities are legitimate values. */
export type MetricRow = Readonly<Record<string, number>>

export interface LoggerSetup {
  readonly platform: Platform
  /** The Trainer's `defaultRootDir`. */
  readonly rootDir: string
  /** Whether this is the rank that writes. Loggers on other ranks are never called. */
  readonly isGlobalZero: boolean
}

/** How far a logger had come; JSON. Goes into checkpoints. */
export type LoggerPosition = Readonly<Record<string, unknown>>

/** Where a run was when a row was written. */
export interface LogMoment {
  readonly globalStep: number
  readonly epoch: number
}

/** A Logger keeps what a run logs. It is called on global rank zero only and never throws because of a slow service. */
export interface Logger {
  readonly name: string
  /** The run within `name`: `version_3`. Known after `setup`. */
  readonly version: string
  /** The run's folder, if this logger has one. Checkpoints go below it. Known after `setup`. */
  readonly logDir?: string | undefined

  /** Opens files or connections. Idempotent for one run. */
  setup(setup: LoggerSetup): void | Promise<void>
  logMetrics(metrics: MetricRow, moment: LogMoment): void
  /** Hyper-parameters of module and data. JSON. Called once per run. */
  logHyperparameters(hyperparameters: Readonly<Record<string, unknown>>): void
  /** Called after a checkpoint has been written. */
  afterSaveCheckpoint?(path: string): void
  /** Pushes out what is buffered. */
  flush?(): void | Promise<void>
  /** How far it has come, for a resumed run. */
  position(): LoggerPosition
  /** Drops what was written after `position`, so that a resumed run leaves no double rows. Absent: rows are kept. */
  rewind?(position: LoggerPosition): void | Promise<void>
  /** The run has ended. Flushes and closes. */
  finalize(status: 'completed' | 'stopped' | 'aborted' | 'failed'): void | Promise<void>
}
