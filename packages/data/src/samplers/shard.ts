import type { DataShard } from '@levin/core'
import { checkCount, optionError } from '../errors.js'

/** Checks the part of the data that a worker is to read. */
export function checkShard({ rank, count }: DataShard): void {
  checkCount(count, 'The count of a data shard')
  if (Number.isInteger(rank) && rank >= 0 && rank < count) return
  throw optionError({
    message: 'The rank of a data shard is wrong.',
    expected: `a whole number from 0 to ${count - 1}`,
    found: String(rank),
  })
}
