import type { Devices } from '../contracts/accelerator.js'
import { describe, LevinError } from '../errors.js'

/** For accelerators that leave the parsing to others: a count, or a list of indices. */
export function plainDevices(devices: Devices): readonly number[] {
  const isList = typeof devices === 'object' || (typeof devices === 'string' && devices.includes(','))
  const numbers = (typeof devices === 'object' ? devices : String(devices).split(',').filter(Boolean)).map(Number)
  const valid = numbers.length > 0 && numbers.every((number) => Number.isSafeInteger(number) && number >= 0)
  if (valid && isList) return numbers
  if (valid && numbers[0] !== 0) return Array.from({ length: numbers[0] as number }, (_, index) => index)
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: 'The Trainer option devices is wrong.',
    expected: "'auto', a count of at least 1, or a list of indices",
    found: describe(devices),
  })
}
