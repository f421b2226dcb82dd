import { LevinError } from '@levin/core'

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

/** `3GiB`, `500 MB` or plain bytes. @throws LEVIN_BAD_OPTION */
export function byteCount(text: string, flag: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim())
  const unit = UNITS[found?.[2] || 'B']
  if (found && unit) return Number(found[1]) * unit
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `${flag} is wrong.`,
    expected: `a number of bytes with a unit (${Object.keys(UNITS).join(', ')})`,
    found: `'${text}'`,
  })
}
