import {
  countFrom,
  definePlugin,
  type Logger,
  type LoggerPosition,
  type LoggerSetup,
  type LogMoment,
  type MetricRow,
  optionsSchema,
} from '@levin/core'

export interface ConsoleLoggerOptions {
  /** Prints every so many rows. Default 1: each. */
  every?: number | undefined
}

type Write = (line: string) => void

/** Prints one line per row: on the platform's terminal if there is one, else by `console.log`. */
class ConsoleLogger implements Logger {
  readonly name = 'console'
  readonly version = '0'
  readonly #every: number
  #rows = 0
  // console is what this logger is for; a terminal, where there is one, is only known after setup.
  #write: Write = (line) => console.log(line)

  constructor({ every = 1 }: ConsoleLoggerOptions) {
    this.#every = every
  }

  setup({ platform: { terminal } }: LoggerSetup): void {
    if (!terminal) return
    // Clears the line that a progress bar may have left unfinished; the bar draws itself again below.
    const start = terminal.interactive ? '\r\u001b[2K' : ''
    this.#write = (line) => terminal.write(`${start}${line}\n`)
  }

  logMetrics(metrics: MetricRow, { globalStep, epoch }: LogMoment): void {
    if (this.#rows++ % this.#every !== 0) return
    const values = Object.entries(metrics).map(([name, value]) => `${name} ${shortened(value)}`)
    this.#write([`epoch ${epoch}`, `step ${globalStep}`, ...values].join('  '))
  }

  logHyperparameters(hyperparameters: Readonly<Record<string, unknown>>): void {
    const entries = Object.entries(hyperparameters).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    if (entries.length > 0) this.#write(entries.join('  '))
  }

  position(): LoggerPosition {
    return {}
  }

  finalize(): void {}
}

const shortened = (value: number): string => String(Number(value.toPrecision(5)))

/** Prints one line per row of metrics, and the hyper-parameters once. */
export const consoleLogger = /* @__PURE__ */ definePlugin({
  kind: 'logger',
  name: 'console',
  apiVersion: 1,
  priority: -1,
  schema: optionsSchema<ConsoleLoggerOptions>({ every: countFrom(1) }),
  create: (options: ConsoleLoggerOptions) => new ConsoleLogger(options),
})
