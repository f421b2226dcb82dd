import { describe, LevinError } from '@levin/core'

/**
 * Refuses what is no index of a device, for the `setup` of accelerators.
 *
 * @param of what is counted: `'a worker'`, `'a GPU'`
 * @throws LEVIN_BAD_OPTION
 */
export function requireDeviceIndex(accelerator: string, index: number, of: string): void {
  if (Number.isInteger(index) && index >= 0) return
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `The accelerator '${accelerator}' cannot be set up.`,
    expected: `the index of ${of}, from 0`,
    found: describe(index),
  })
}
