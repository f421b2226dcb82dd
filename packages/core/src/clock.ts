/**
 * The one clock of a run. `globalStep` counts accumulation windows that ended in an update; `batchIndex` counts
 * batches within the epoch; nothing else is called a step.
 */
export interface Clock {
  /** Optimizer updates so far. During the first window it is 0; after it, 1. */
  readonly globalStep: number
  /** Epochs that have ended; the index of the running one. */
  readonly epoch: number
  /**
   * Index within the epoch of the batch at hand; between batches, how many were consumed. In an epoch that was begun with batches
   * of another size, the samples of those count as whole batches of the size that they have now, rounded down.
   */
  readonly batchIndex: number
  /** Training batches consumed since the start of the run, over all epochs. */
  readonly totalBatches: number
  /** Training samples consumed since the start of the run, over all workers. */
  readonly totalSamples: number
}

export type MutableClock = { -readonly [K in keyof Clock]: Clock[K] }

export const startOfRun = (): MutableClock => ({
  globalStep: 0,
  epoch: 0,
  batchIndex: 0,
  totalBatches: 0,
  totalSamples: 0,
})
