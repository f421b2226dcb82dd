import { describe, LevinError, type LevinErrorOptions } from '@levin/core'

export const dataError = (options: LevinErrorOptions): LevinError => new LevinError('LEVIN_DATA', options)

export const optionError = (options: LevinErrorOptions): LevinError => new LevinError('LEVIN_BAD_OPTION', options)

/** Checks an option that counts something. */
export function checkCount(value: unknown, what: string, least = 1): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw optionError({
    message: `${what} is wrong.`,
    expected: least === 0 ? 'a whole number, 0 or more' : `a whole number of at least ${least}`,
    found: describe(value),
  })
}

/** Checks an index of a dataset. */
export function checkIndex(index: number, length: number): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return
  throw dataError({
    message: `There is no sample ${index}.`,
    expected: `an index from 0 to ${length - 1}`,
    found: describe(index),
  })
}

export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
