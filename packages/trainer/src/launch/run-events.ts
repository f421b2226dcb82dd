import type { Clock, MetricRow, RunLimits, RunPhase } from '@levin/core'

/** What a run tells whoever started it, wherever it runs. Plain data. */
export type RunEvent =
  /** The ranks are about to run. `attempt` counts from 0 and grows with each restart. */
  | { readonly type: 'started'; readonly worldSize: number; readonly attempt: number }
  /** Where the run is: about ten times a second, and when a validation or an epoch has ended. */
  | {
      readonly type: 'progress'
      readonly phase: RunPhase
      readonly clock: Clock
      readonly limits: RunLimits
      /** Metrics that were read so far, newest values. */
      readonly metrics: MetricRow
    }
  /** A row, as loggers get it. */
  | { readonly type: 'log'; readonly metrics: MetricRow; readonly globalStep: number; readonly epoch: number }
  /** A checkpoint was saved. */
  | { readonly type: 'checkpoint'; readonly location: string; readonly globalStep: number }
  /** A line that a rank printed; `undefined`: the command that started the ranks. */
  | {
      readonly type: 'output'
      readonly rank: number | undefined
      readonly line: string
      readonly stream: 'stdout' | 'stderr'
    }
  /** The ranks failed, and are started again from `checkpoint`; `undefined`: from where the run began. */
  | {
      readonly type: 'restart'
      readonly attempt: number
      readonly message: string
      readonly checkpoint: string | undefined
    }

export type OnRunEvent = (event: RunEvent) => void
