import type { Platform, RunKind } from '@levin/core'
import type { PredictOptions } from '../run/run-options.js'
import type { TrainerOptions } from '../trainer-options.js'
import { portableOptions } from './portable-options.js'
import type { RunEvent } from './run-events.js'
import type { RunModuleOptions } from './run-module-options.js'

/** What a rank gets to make its part of a run of. Plain data. */
export interface RankInput {
  readonly kind: RunKind
  /** Absent where the rank has the run already: a web worker's file. */
  readonly runModule: string | undefined
  /** Modules to import first, which make plugins known by name. */
  readonly imports: readonly string[]
  readonly hparams: Readonly<Record<string, unknown>>
  /** What the caller adds to the run module's own options. */
  readonly options: TrainerOptions
  readonly ckptPath: string | undefined
  /** Checkpoints of an attempt that failed, the newest first: the first that is whole is gone on from. */
  readonly candidates: readonly string[]
  readonly returnPredictions: boolean
  /** Where somebody reads along. */
  readonly terminal: { readonly interactive: boolean; readonly color: boolean; readonly columns: number } | undefined
}

/** What a rank tells the controller. */
export type RankMessage =
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'terminal'; readonly text: string }

/** What the controller tells the ranks. */
export type ControllerMessage =
  | { readonly type: 'abort'; readonly reason: string }
  | { readonly type: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM' }

/**
 * What travels to every rank.
 *
 * @param given the options of the Trainer
 * @throws LEVIN_NOT_SUPPORTED naming the option that cannot travel
 */
export function rankInput(
  kind: RunKind,
  runModule: URL | undefined,
  // biome-ignore lint/suspicious/noExplicitAny: options for any list of plugins.
  given: TrainerOptions<any>,
  { hparams = {}, imports = [], ckptPath, returnPredictions = true }: RunModuleOptions & PredictOptions,
  { terminal }: Platform,
): RankInput {
  return {
    kind,
    runModule: runModule?.href,
    imports: imports.map(({ href }) => href),
    hparams,
    options: portableOptions(given),
    ckptPath,
    candidates: [],
    returnPredictions,
    terminal: terminal && {
      interactive: terminal.interactive,
      color: terminal.color,
      columns: terminal.columns(),
    },
  }
}
