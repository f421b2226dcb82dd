import { type Callback, LevinError, type StoredCheckpoint } from '@levin/core'
import { ModelCheckpoint } from '../callbacks/model-checkpoint.js'
import type { Run } from '../run/run.js'

/**
 * The checkpoint that `ckptPath` names: `'last'` and `'best'` ask the model checkpoint callback, anything else is a
 * location.
 *
 * @throws LEVIN_CHECKPOINT_NOT_FOUND and what the checkpoint I/O throws
 */
export async function openCheckpoint(run: Run, ckptPath: string): Promise<StoredCheckpoint> {
  const location = ckptPath === 'last' || ckptPath === 'best' ? await namedCheckpoint(run, ckptPath) : ckptPath
  return run.checkpointIO.load(location)
}

async function namedCheckpoint(run: Run, name: 'last' | 'best'): Promise<string> {
  const callback = run.hooks.callbacks.find(
    (candidate): candidate is ModelCheckpoint & Callback => candidate instanceof ModelCheckpoint,
  )
  const location = await callback?.find(name, run)
  if (location) return location
  throw new LevinError('LEVIN_CHECKPOINT_NOT_FOUND', {
    message: `There is no '${name}' checkpoint.`,
    remedy: callback
      ? 'Give the location of a checkpoint, or set dirpath of modelCheckpoint() to where earlier runs saved.'
      : 'Add modelCheckpoint() to the callbacks, or give a location.',
  })
}
