import type { RunHooks } from './hooks.js'
import type { RunContext } from './run-context.js'

/**
 * A Callback adds behaviour to a run without touching the module: any object with some of the hooks. They are called in
 * the order of the list, those with `order: 'last'` (checkpoints) after all others. One object may serve several runs, one
 * after the other: what belongs to one run begins anew in `setup`, which comes before `loadState`.
 */
export interface Callback extends RunHooks {
  /** For errors, the profiler, and the state in checkpoints. Default: the class name. */
  readonly name?: string
  /** Tells callbacks of one kind apart in checkpoints. Default: the name. */
  readonly stateKey?: string
  /** `'last'` runs after the others, so that it sees what they did. Default `'normal'`. */
  readonly order?: 'normal' | 'last'
  /** A metric that it needs. A run that never logs it ends with an error that says so. */
  readonly monitor?: string | undefined

  onSanityCheckStart?(run: RunContext): void | Promise<void>
  onSanityCheckEnd?(run: RunContext): void | Promise<void>
  /** The run failed or was aborted. Whatever is thrown here is reported beside the first error, never instead of it. */
  onException?(error: unknown, run: RunContext): void | Promise<void>

  /** JSON that a resumed run needs. */
  state?(): Readonly<Record<string, unknown>>
  loadState?(state: Readonly<Record<string, unknown>>): void
}
