import type { Loader, LoaderPosition } from '@levin/core'
import type { Run } from '../run/run.js'
import type { FitPosition } from './fit-loop.js'

/**
 * Goes on within an epoch, after the samples that were trained on: in batches of the size that they have now, by which they are
 * counted from here on. Gives how many batches a loader that cannot be sought has to be read on.
 *
 * @param at where the checkpoint lies, if it is of this epoch
 */
export function resumeEpoch(run: Run, train: Loader, at: FitPosition | undefined): number {
  const { clock, strategy } = run
  const { epoch, batchIndex } = clock
  const { loader: stored, shards } = at ?? {}
  const fits = stored?.epoch === epoch && stored.batch === batchIndex
  if (!train.seek) {
    if (batchIndex > 0 && shards !== undefined && shards !== strategy.dataShard.count) announceReadOn(run, shards)
    return batchIndex
  }
  const first = train.seek(fits ? stored : { epoch, batch: batchIndex })
  if (typeof first === 'number') clock.batchIndex = first
  if (fits) announceOtherBatches(run, train, stored)
  return 0
}

function announceReadOn({ announcer, clock, strategy }: Run, shards: number): void {
  announcer.say(
    `The checkpoint lies within an epoch that ${shards} workers had divided, now there are ${strategy.dataShard.count}, and the training loader knows no positions: it goes on after ${clock.batchIndex} batches, so that samples of this epoch are seen twice or not at all.`,
    'warning',
  )
}

function announceOtherBatches(
  { announcer }: Run,
  train: Loader,
  { globalBatch: before, sample = 0 }: LoaderPosition,
): void {
  const now = train.position?.(0).globalBatch
  if (before === undefined || now === undefined || before === now || sample === 0) return
  announcer.say(
    `The checkpoint lies within an epoch whose batches had ${before} samples over all workers. The rest of it, from sample ${sample} on, is divided into batches of ${now}: each sample is seen once, and limits count batches of ${now}.`,
    'warning',
  )
}
