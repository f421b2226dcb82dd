import { describe, LevinError } from '@levin/core'

/** A whole number of at least `minimum`; anything else is refused in the name of `owner`. */
export function wholeNumber(owner: string, name: string, value: unknown, minimum = 1): number {
  if (Number.isSafeInteger(value) && (value as number) >= minimum) return value as number
  throw badOption(owner, name, `a whole number of at least ${minimum}`, value)
}

/** A finite number within bounds. */
export function numberWithin(
  owner: string,
  name: string,
  value: unknown,
  { above = -Infinity, from = -Infinity, to = Infinity }: { above?: number; from?: number; to?: number },
): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > above && value >= from && value <= to) return value
  const lower = above > -Infinity ? `above ${above}` : from > -Infinity ? `from ${from}` : ''
  const upper = to < Infinity ? `up to ${to}` : ''
  throw badOption(owner, name, ['a number', lower, upper].filter(Boolean).join(' '), value)
}

/** One number for both axes, or one each: `[height, width]`. */
export type Pair = number | readonly [height: number, width: number]

export function wholePair(owner: string, name: string, value: Pair, minimum = 1): readonly [number, number] {
  const values = typeof value === 'number' ? [value, value] : value
  if (Array.isArray(values) && values.length === 2 && values.every((one) => isWhole(one, minimum))) {
    return [values[0] as number, values[1] as number]
  }
  throw badOption(owner, name, `a whole number of at least ${minimum}, or [height, width] of such`, value)
}

/** How a refused option is reported, everywhere in this package. */
export function badOption(owner: string, name: string, expected: string, found: unknown, remedy?: string): LevinError {
  return new LevinError('LEVIN_BAD_OPTION', {
    message: `${owner} cannot take this '${name}'.`,
    expected,
    found: Array.isArray(found) ? `[${found.join(', ')}]` : describe(found),
    ...(remedy === undefined ? {} : { remedy }),
  })
}

// --- Internal helpers ---

const isWhole = (value: unknown, minimum: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= minimum
