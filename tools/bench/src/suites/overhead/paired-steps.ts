import type { Accelerator } from '@levin/core'
import { Trainer } from '@levin/trainer'
import { bareLoop, type HostBatch, type MeasuredModule } from '../../peers/bare-loop.js'
import { median } from '../../statistics.js'

/** µs per step. */
export interface StepTimes {
  readonly trainer: number
  readonly bare: number
  /** Trainer less bare loop: the median over pairs. */
  readonly difference: number
}

export interface PairedStepsOptions {
  readonly accelerator: Accelerator
  readonly create: () => MeasuredModule
  readonly batch: HostBatch
  /** Pairs that count. */
  readonly steps: number
  /** Pairs before them. */
  readonly warmup: number
}

/**
 * Lets steps of a Trainer and of a bare loop alternate: the loader that the Trainer reads does one bare step whenever
 * it is asked for a batch. The Trainer asks once per step, so what lies between two requests, less the bare step, is one
 * step of the Trainer. The two are a millisecond apart and meet the same machine, which is the only way to see
 * microseconds on one that is shared.
 */
export async function pairedSteps({
  accelerator,
  create,
  batch,
  steps,
  warmup,
}: PairedStepsOptions): Promise<StepTimes> {
  await accelerator.setup(0)
  const bareModule = create().build({ seed: 0 })
  const bareStep = bareLoop(accelerator, bareModule)
  const trainer: number[] = []
  const bare: number[] = []
  function* batches(): Generator<HostBatch> {
    for (;;) {
      const begin = performance.now()
      bareStep(batch)
      const end = performance.now()
      bare.push(end - begin)
      yield batch
      trainer.push(performance.now() - end)
    }
  }
  const module = create()
  await plainTrainer(accelerator, steps + warmup + 1).fit(module, { train: batches() })
  module.dispose()
  bareModule.dispose()
  const pairs = trainer.map((time, pair) => ({ trainer: time, bare: bare[pair]! })).slice(warmup)
  return {
    trainer: typical(pairs.map((pair) => pair.trainer)),
    bare: typical(pairs.map((pair) => pair.bare)),
    difference: median(pairs.map((pair) => (pair.trainer - pair.bare) * 1000)),
  }
}

/** A Trainer of which nothing is asked but to train. */
export const plainTrainer = (accelerator: Accelerator, maxSteps: number): Trainer =>
  new Trainer({
    accelerator,
    maxSteps,
    loggers: false,
    callbacks: [],
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
    numSanityValSteps: 0,
  })

/** The mean of the middle eight tenths, in µs: in the slowest of steps the system ran something else. */
function typical(milliseconds: readonly number[]): number {
  const sorted = [...milliseconds].sort((a, b) => a - b)
  const kept = sorted.slice(Math.floor(sorted.length / 10), Math.ceil(sorted.length * 0.9))
  return (kept.reduce((sum, value) => sum + value, 0) / kept.length) * 1000
}
