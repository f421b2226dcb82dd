import { LevinError, type StoredCheckpoint } from '@levin/core'
import { checkpointKeeper } from '../callbacks/roles.js'
import { onRankZero, together } from '../run/agreement.js'
import type { Run } from '../run/run.js'

/**
 * The checkpoint that `ckptPath` names: `'last'` and `'best'` ask the model checkpoint callback, anything else is a
 * location.
 *
 * @throws LEVIN_CHECKPOINT_NOT_FOUND and what the checkpoint I/O throws
 */
export async function openCheckpoint(run: Run, ckptPath: string): Promise<StoredCheckpoint> {
  const location = await onRankZero(run.strategy, () =>
    ckptPath === 'last' || ckptPath === 'best' ? namedCheckpoint(run, ckptPath) : ckptPath,
  )
  return load(run, location)
}

/** Loads a checkpoint on all ranks, each of which verifies a share of its files; it is whole for all or for none. */
function load({ strategy, checkpointIO }: Run, location: string): Promise<StoredCheckpoint> {
  const { globalRank: rank, worldSize: count } = strategy.rank
  return together(strategy, () => checkpointIO.load(location, count > 1 ? { share: { rank, count } } : {}))
}

/**
 * The first of some places that holds a whole checkpoint, the same on all ranks; `undefined` if none does. What failed may have
 * failed while it saved.
 */
export async function openFirstWhole(run: Run, locations: readonly string[]): Promise<StoredCheckpoint | undefined> {
  const whole = async (): Promise<string | undefined> => {
    for (const location of locations) {
      const stored = await run.checkpointIO.load(location).catch(() => undefined)
      if (stored && !stored.facts.weightsOnly) return location
    }
    return undefined
  }
  const location = await onRankZero(run.strategy, whole)
  return location === undefined ? undefined : load(run, location)
}

async function namedCheckpoint(run: Run, name: 'last' | 'best'): Promise<string> {
  const callback = checkpointKeeper(run.hooks.callbacks)
  const location = await callback?.find(name, run)
  if (location) return location
  throw new LevinError('LEVIN_CHECKPOINT_NOT_FOUND', {
    message: `There is no '${name}' checkpoint.`,
    remedy: callback
      ? 'Give the location of a checkpoint, or set dirpath of modelCheckpoint() to where earlier runs saved.'
      : 'Add modelCheckpoint() to the callbacks, or give a location.',
  })
}
