import type { Clock, RankDescription, StopReason } from '@levin/core'

interface RunFacts {
  /** The newest value of every metric. */
  readonly metrics: Readonly<Record<string, number>>
  /** Folder of the run. */
  readonly runFolder: string
  /**
   * Whose result it is: of rank zero, unless somebody else has started several processes, which get one each. Predictions
   * that several workers were launched for are of one, since they are put together.
   */
  readonly rank: RankDescription
}

/** What a fit came to. Errors reject; everything else is a result. */
export type FitResult = FitFacts &
  (
    | { readonly status: 'completed' }
    | { readonly status: 'stopped'; readonly reason: StopReason; readonly message: string }
    | { readonly status: 'aborted'; readonly reason: 'aborted'; readonly message: string }
  )

interface FitFacts extends RunFacts {
  readonly clock: Clock
  /** Checkpoint with the best monitored value, or the last one saved. */
  readonly bestCheckpoint: string | undefined
  readonly lastCheckpoint: string | undefined
}

/** What validate and test came to. */
export interface EvaluationResult extends RunFacts {
  readonly status: 'completed' | 'stopped' | 'aborted'
}

export interface PredictionResult extends RunFacts {
  readonly status: 'completed' | 'stopped' | 'aborted'
  /** Predictions by loader and batch, on the host. Empty with `returnPredictions: false`. */
  readonly predictions: readonly (readonly unknown[])[]
}
