import type { OnRunEvent } from '../launch/run-events.js'

/** Options of one run, beside those of its Trainer. */
export interface RunOptions {
  /** Stops the run at the next window boundary. */
  readonly signal?: AbortSignal
  /** A checkpoint to begin from: a location, `'last'` or `'best'`. A fit goes on where it was saved. */
  readonly ckptPath?: string
  /** Called with what happens: progress, rows of the log, checkpoints, lines that workers print. */
  readonly onEvent?: OnRunEvent
}

export interface PredictOptions extends RunOptions {
  /** Default `true`. `false`: predictions go to `onPredictBatchEnd` only. */
  readonly returnPredictions?: boolean
}
