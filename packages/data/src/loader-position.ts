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

/**
 * A position with what must be the same when it is sought.
 *
 * @param batch batches consumed, of the size that they have now
 * @param offset samples before the first of them, in an epoch that was begun with others
 */
export function makePosition(
  epoch: number,
  batch: number,
  { globalBatch, units, seed }: Order,
  offset: number,
): LoaderPosition {
  return {
    epoch,
    batch,
    globalBatch,
    sample: Math.min(offset + batch * globalBatch, units ?? Number.POSITIVE_INFINITY),
    ...(units === undefined ? {} : { samples: units }),
    ...(seed === undefined ? {} : { seed }),
  }
}

export function checkPosition({ epoch, batch, sample = 0, globalBatch = 1 }: LoaderPosition): void {
  const valid = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
  if ([epoch, batch, sample, globalBatch].every(valid) && globalBatch > 0) return
  throw dataError({
    message: 'This is no position of a loader.',
    expected: 'whole numbers for epoch, batch and sample, 0 or more',
    found: `epoch ${describe(epoch)}, batch ${describe(batch)}, sample ${describe(sample)}`,
  })
}

/** Where a loader goes on. */
export interface Start {
  /** The batch that comes first. */
  readonly batch: number
  /** Samples before the first batch of the epoch. */
  readonly offset: number
}

/**
 * Where a position lies in a loader, which may divide the same global order into other batches: after the same samples. They need not
 * fill whole batches of these; then what is left of the epoch is divided from there on.
 */
export function startOf(position: LoaderPosition, { globalBatch, units }: Order): Start {
  const { batch, globalBatch: before = globalBatch, sample = batch * before } = position
  const consumed = Math.min(sample, units ?? Number.POSITIVE_INFINITY)
  return { batch: Math.floor(consumed / globalBatch), offset: consumed % globalBatch }
}

/** @throws LEVIN_DATA if what follows a position would not be what would have followed */
export function requireSameOrder({ samples, seed }: LoaderPosition, order: Order): void {
  refuseOther('samples per epoch', samples, order.units, 'Resume with the same data, or start anew.')
  refuseOther('seed', seed, order.seed, 'Resume with the same seed.')
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
