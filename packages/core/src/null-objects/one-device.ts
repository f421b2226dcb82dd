import type { Accelerator, Devices } from '../contracts/accelerator.js'
import { describe, LevinError } from '../errors.js'

/**
 * The one device that a strategy of one worker runs on.
 *
 * @throws LEVIN_NOT_SUPPORTED if several were asked for, LEVIN_BAD_OPTION if the request makes no sense
 */
export async function oneDevice(accelerator: Accelerator, devices: Devices): Promise<number> {
  const chosen = (await accelerator.parseDevices?.(devices)) ?? plainDevices(devices)
  const [index] = chosen
  if (index !== undefined && (chosen.length === 1 || devices === 'auto')) return index
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `devices: ${JSON.stringify(devices)} asks for ${chosen.length} devices, and the strategy 'single' runs on one.`,
    remedy: 'Leave devices out, or choose a strategy for several.',
  })
}

/** For accelerators that leave the parsing to others: a count, or a list of indices. */
function plainDevices(devices: Devices): readonly number[] {
  if (devices === 'auto') return [0]
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
