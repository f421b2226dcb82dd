import {
  anyText,
  definePlugin,
  type Logger,
  type LoggerPosition,
  type LogMoment,
  type MetricRow,
  optionsSchema,
  type Plugin,
} from '@levin/core'

export interface MemoryLoggerOptions {
  /** Default `'memory'`. */
  name?: string | undefined
}

/** A row with the moment it was logged at. */
export interface LoggedRow {
  readonly epoch: number
  readonly step: number
  readonly metrics: MetricRow
}

/** Keeps rows in an array: for tests, and for apps that show or ship them in their own way. */
export class MemoryLogger implements Logger {
  readonly name: string
  readonly version = '0'
  readonly rows: LoggedRow[] = []
  hyperparameters: Readonly<Record<string, unknown>> | undefined
  /** Checkpoints that were written, in order. */
  readonly checkpoints: string[] = []
  /** How the last run ended; `undefined` while one is going on. */
  status: Parameters<Logger['finalize']>[0] | undefined

  constructor({ name = 'memory' }: MemoryLoggerOptions = {}) {
    this.name = name
  }

  setup(): void {
    this.status = undefined
  }

  logMetrics(metrics: MetricRow, { globalStep, epoch }: LogMoment): void {
    this.rows.push({ epoch, step: globalStep, metrics: { ...metrics } })
  }

  logHyperparameters(hyperparameters: Readonly<Record<string, unknown>>): void {
    this.hyperparameters = hyperparameters
  }

  afterSaveCheckpoint(path: string): void {
    this.checkpoints.push(path)
  }

  position(): LoggerPosition {
    return { rows: this.rows.length }
  }

  rewind({ rows }: LoggerPosition): void {
    if (typeof rows === 'number' && rows < this.rows.length) this.rows.length = rows
  }

  finalize(status: Parameters<Logger['finalize']>[0]): void {
    this.status = status
  }

  /** All values of one metric, in the order they were logged. */
  values(name: string): number[] {
    return this.rows.flatMap(({ metrics }) => metrics[name] ?? [])
  }
}

/** A {@link MemoryLogger}. */
export const memoryLogger: ((options?: MemoryLoggerOptions) => MemoryLogger) &
  Plugin<'logger', 'memory', MemoryLoggerOptions> = /* @__PURE__ */ definePlugin({
  kind: 'logger',
  name: 'memory',
  apiVersion: 1,
  priority: -1,
  schema: optionsSchema<MemoryLoggerOptions>({ name: anyText }),
  create: (options: MemoryLoggerOptions) => new MemoryLogger(options),
}) as never
