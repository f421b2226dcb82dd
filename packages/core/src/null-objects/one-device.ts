import type { Accelerator, Devices } from '../contracts/accelerator.js'
import { LevinError } from '../errors.js'

/**
 * The one device that a strategy of one worker runs on.
 *
 * @throws LEVIN_NOT_SUPPORTED if several were asked for, LEVIN_BAD_OPTION if the request makes no sense
 */
export async function oneDevice(accelerator: Accelerator, devices: Devices): Promise<number> {
  if (devices === 'auto' && !accelerator.parseDevices) return 0
  const chosen =
    (await accelerator.parseDevices?.(devices)) ?? (await import('./plain-devices.js')).plainDevices(devices)
  const [index] = chosen
  if (index !== undefined && (chosen.length === 1 || devices === 'auto')) return index
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `devices: ${JSON.stringify(devices)} asks for ${chosen.length} devices, and the strategy 'single' runs on one.`,
    remedy: 'Leave devices out, or choose a strategy for several.',
  })
}
