import { describe, type LoaderPosition } from '@levin/core'
import { dataError } from './errors.js'

/** What the batches of an epoch depend on, besides the epoch. */
export interface Order {
  /** Samples per full batch over all workers. */
  readonly globalBatch: number
  /** Samples per epoch, where known. */
  readonly units: number | undefined
  /** `undefined` where the order does not depend on it. */
  readonly seed: number | undefined
}

/** A position with what must be the same when it is sought. */
export function makePosition(epoch: number, batch: number, { globalBatch, units, seed }: Order): LoaderPosition {
  return {
    epoch,
    batch,
    globalBatch,
    ...(units === undefined ? {} : { samples: units }),
    ...(seed === undefined ? {} : { seed }),
  }
}

export function checkPosition({ epoch, batch }: LoaderPosition): void {
  const valid = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
  if (valid(epoch) && valid(batch)) return
  throw dataError({
    message: 'This is no position of a loader.',
    expected: 'whole numbers for epoch and batch, 0 or more',
    found: `epoch ${describe(epoch)}, batch ${describe(batch)}`,
  })
}

/**
 * The batch that a position means in a loader, which may divide the same global order into other batches.
 *
 * @throws LEVIN_DATA if what follows would not be what would have followed.
 */
export function startOf(position: LoaderPosition, order: Order): number {
  const { batch, samples, seed } = position
  refuseOther('samples per epoch', samples, order.units, 'Resume with the same data, or start anew.')
  refuseOther('seed', seed, order.seed, 'Resume with the same seed.')
  const before = position['globalBatch']
  if (typeof before !== 'number' || before === order.globalBatch) return batch
  const start = (batch * before) / order.globalBatch
  if (Number.isInteger(start)) return start
  throw dataError({
    message: `The position after ${batch} batches of ${before} samples lies inside a batch of ${order.globalBatch}.`,
    remedy: `Resume with ${before} samples per global batch (batchSize × workers), or at the end of an epoch.`,
  })
}

function refuseOther(what: string, before: unknown, now: number | undefined, remedy: string): void {
  if (typeof before !== 'number' || now === undefined || before === now) return
  throw dataError({
    message: `The loader cannot continue from its position: the ${what} changed.`,
    expected: `${before}`,
    found: `${now}`,
    remedy,
  })
}
