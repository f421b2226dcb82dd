import type { Training } from './training.js'

/** What the pages about training assume. */
export const RANKS_PER_HOST = 16

/** FLOP/s of a rank that is one core; `docs/benchmarks.md` has steps from which about 100 to 200 GFLOP/s follow. */
export const CORE = 100e9
/** FLOP/s of a rank that is an accelerator, one per host. */
export const ACCELERATOR = 10e12

/** A model, and what a rank trains it on between two updates. */
export interface Model {
  readonly name: string
  readonly parameters: number
  /** Samples, or tokens, of one batch of one rank. */
  readonly samples: number
}

export const MODELS = {
  small: { name: '1 M', parameters: 1e6, samples: 64 },
  middle: { name: '100 M', parameters: 1e8, samples: 2048 },
  large: { name: '1 G', parameters: 1e9, samples: 2048 },
} as const satisfies Record<string, Model>

/** A product and a sum per parameter and sample forth, twice that back. */
const FLOP = 6

export const trainingOf = ({ parameters, samples }: Model, flopPerSecond: number, accumulated = 1): Training => ({
  parameters,
  computeSeconds: (FLOP * parameters * samples) / flopPerSecond,
  accumulated,
})
