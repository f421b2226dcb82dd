import type { Callback } from '@levin/core'
import type { Run } from '../run/run.js'
import { NotInFastDevRun } from './roles.js'

/** One function per callback: a run loads those that it has. */
const LOAD = {
  modelSummary: async () => new (await import('./model-summary.js')).ModelSummary(),
  progressBar: async () => new (await import('./progress-bar.js')).ProgressBar(),
  modelCheckpoint: async () => new (await import('./model-checkpoint.js')).ModelCheckpoint(),
}

/** The callbacks that a run has without asking. One of the same name in the Trainer's list takes its place. */
export function defaultCallbacks({ kind, options, checkpointIO, platform }: Run): Promise<Callback[]> {
  const isFit = kind === 'fit'
  const canStore = checkpointIO.name !== 'none'
  const wanted = {
    modelSummary: isFit && options.enableModelSummary,
    // Without a terminal it has nothing to draw on.
    progressBar: options.enableProgressBar && platform.terminal,
    modelCheckpoint: isFit && (options.enableCheckpointing ?? canStore),
  }
  const names = (Object.keys(LOAD) as (keyof typeof LOAD)[]).filter((name) => wanted[name])
  return Promise.all(names.map((name) => LOAD[name]()))
}

/** Whether a callback takes part in a `fastDevRun`. */
export const joinsFastDevRun = (callback: Callback): boolean => !(callback instanceof NotInFastDevRun)
