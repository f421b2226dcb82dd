import type { Callback } from '@levin/core'
import type { Run } from '../run/run.js'
import { EarlyStopping } from './early-stopping.js'
import { ModelCheckpoint } from './model-checkpoint.js'
import { ModelSummary } from './model-summary.js'
import { ProgressBar } from './progress-bar.js'

/** The callbacks that a run has without asking. One of the same name in the Trainer's list takes its place. */
export function defaultCallbacks(run: Run): Callback[] {
  const { options, checkpointIO } = run
  const canStore = checkpointIO.name !== 'none'
  const callbacks: Callback[] = []
  if (options.enableModelSummary && run.kind === 'fit') callbacks.push(new ModelSummary())
  if (options.enableProgressBar) callbacks.push(new ProgressBar())
  if (run.kind === 'fit' && (options.enableCheckpointing ?? canStore)) callbacks.push(new ModelCheckpoint())
  return callbacks
}

/** Whether a callback takes part in a `fastDevRun`: those that save or end runs do not. */
export const joinsFastDevRun = (callback: Callback): boolean =>
  !(callback instanceof ModelCheckpoint || callback instanceof EarlyStopping)
