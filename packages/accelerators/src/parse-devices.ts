import { type Devices, describe, LevinError } from '@levin/core'

/**
 * The devices that a run asked for, by Lightning's rules, for accelerators whose devices are pieces of hardware:
 * `'auto'` and `-1` are all, a number is that many from the first, a list names them. Text is read as a number, or as a
 * list if it holds a comma: `'3'` is three devices, `'3,'` the fourth alone.
 *
 * @param count devices on this machine
 * @returns indices, in the order given
 * @throws LEVIN_BAD_OPTION naming what is allowed
 * @example
 * parseDevices('auto', 4)  // [0, 1, 2, 3]
 * parseDevices([0, 2], 4)  // [0, 2]
 */
export function parseDevices(devices: Devices, count: number): number[] {
  const allowed = allowedDevices(count)
  const wanted = normalise(devices, allowed)
  if (wanted === 'auto' || wanted === -1) {
    if (count > 0) return firstDevices(count)
    throw badDevices(devices, allowed, 'there is no device of this kind here')
  }
  if (typeof wanted === 'number') {
    if (wanted > count) throw badDevices(devices, allowed, `this machine has ${count}`)
    return firstDevices(wanted)
  }
  checkList(wanted, devices, allowed)
  const beyond = wanted.find((index) => index >= count)
  if (beyond !== undefined) throw badDevices(devices, allowed, `this machine has no device ${beyond}`)
  return wanted
}

/**
 * The workers that a run asked for on a CPU, where a device is a worker: `devices: 4` are four of them, whatever the
 * machine has. `'auto'` is one, `-1` one per logical processor. A list is refused: workers have no identity to choose by.
 *
 * @param processors logical processors of this machine
 * @returns `[0, …, workers - 1]`
 * @throws LEVIN_BAD_OPTION naming what is allowed
 */
export function parseWorkers(devices: Devices, processors: number): number[] {
  const allowed = "'auto' (one worker), a number of workers of at least 1, or -1 (one per logical processor)"
  const wanted = normalise(devices, allowed)
  if (wanted === 'auto') return [0]
  if (wanted === -1) return firstDevices(processors)
  if (typeof wanted === 'number') return firstDevices(wanted)
  throw badDevices(devices, allowed, 'on a CPU a device is a worker, and workers are counted, not chosen')
}

const firstDevices = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

function allowedDevices(count: number): string {
  if (count < 1) return 'another accelerator'
  const indices = count === 1 ? '[0]' : `a list of different indices from 0 to ${count - 1}`
  return `'auto' or -1 (all), a number from 1 to ${count}, or ${indices}`
}

function normalise(devices: Devices, allowed: string): 'auto' | number | number[] {
  if (devices === 'auto') return 'auto'
  if (Array.isArray(devices)) return [...devices]
  const number = typeof devices === 'string' ? fromText(devices, allowed) : devices
  if (Array.isArray(number)) return number
  if (typeof number !== 'number' || !Number.isInteger(number)) throw badDevices(devices, allowed)
  if (number === 0) throw badDevices(devices, allowed, 'a run needs at least one device')
  if (number < -1) throw badDevices(devices, allowed)
  return number
}

function fromText(text: string, allowed: string): number | number[] {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.length > 1 && parts.at(-1) === '') parts.pop()
  if (!parts.every((part) => /^-?\d+$/.test(part))) throw badDevices(text, allowed)
  const numbers = parts.map(Number)
  return text.includes(',') ? numbers : (numbers[0] as number)
}

function checkList(list: readonly number[], devices: Devices, allowed: string): void {
  if (list.length === 0) throw badDevices(devices, allowed, 'a run needs at least one device')
  const wrong = list.find((index) => !Number.isInteger(index) || index < 0)
  if (wrong !== undefined) throw badDevices(devices, allowed, `${describe(wrong)} is no index of a device`)
  const twice = list.find((index, place) => list.indexOf(index) !== place)
  if (twice !== undefined) throw badDevices(devices, allowed, `device ${twice} is named twice`)
}

function badDevices(devices: unknown, allowed: string, why?: string): LevinError {
  const found = Array.isArray(devices) ? `[${devices.join(', ')}]` : describe(devices)
  return new LevinError('LEVIN_BAD_OPTION', {
    message: 'These devices cannot be used.',
    expected: `devices to be ${allowed}`,
    found: why ? `${found}: ${why}` : found,
  })
}
