/**
 * How often the tests of the soak tier (`test/*.soak.ts`, `npm run soak`) do what only shows after many times. Here and
 * nowhere else, so that they can be made more for a night.
 */
export const soak = {
  /** Steps that each model of the benchmark is trained for. */
  steps: 10_000,
  /** Steps after which nothing may grow any more. */
  warmUpSteps: 100,
  /** Threads of trainings that are ended at random. */
  endedThreads: 120,
  /** Processes of trainings that are killed or stopped at random. */
  endedProcesses: 80,
} as const
