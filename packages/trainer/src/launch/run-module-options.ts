import type { RunOptions } from '../run/run-options.js'

/** What the caller of a run in web workers may add. */
export interface WorkerRunOptions extends RunOptions {
  /** Hyper-parameters to change, by name. Plain data. */
  readonly hparams?: Readonly<Record<string, unknown>>
}

/** What the caller of a run module may add. */
export interface RunModuleOptions extends WorkerRunOptions {
  /**
   * Modules that make plugins known by name, such as `@levin/strategies/register`, for run modules that do not import them:
   * every rank imports them first. URLs, since names would be looked for from elsewhere.
   */
  readonly imports?: readonly URL[]
}
