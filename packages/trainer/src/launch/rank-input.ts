import type { RunKind } from '@levin/core'
import type { TrainerOptions } from '../trainer-options.js'
import type { RunEvent } from './run-events.js'

/** What a rank gets to make its part of a run of. Plain data. */
export interface RankInput {
  readonly kind: RunKind
  readonly runModule: string
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
