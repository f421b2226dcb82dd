import { type Devices, LevinError } from '@levin/core'
import { describe, expect, it } from 'vitest'
import { parseDevices, parseWorkers } from '../src/index.js'

function refusal(parse: () => unknown): LevinError {
  try {
    parse()
  } catch (error) {
    if (LevinError.isInstance(error, 'LEVIN_BAD_OPTION')) return error
    throw error
  }
  throw new Error('Expected a refusal.')
}

describe('devices that are hardware', () => {
  it.each<[Devices, number[]]>([
    ['auto', [0, 1, 2, 3]],
    [-1, [0, 1, 2, 3]],
    ['-1', [0, 1, 2, 3]],
    [1, [0]],
    [3, [0, 1, 2]],
    ['3', [0, 1, 2]],
    [' 2 ', [0, 1]],
    [
      [0, 2],
      [0, 2],
    ],
    [
      [3, 1],
      [3, 1],
    ],
    ['0,2', [0, 2]],
    ['0, 2', [0, 2]],
    ['3,', [3]],
    [[0], [0]],
  ])('reads %j as %j', (devices, indices) => {
    expect(parseDevices(devices, 4)).toEqual(indices)
  })

  it.each<[unknown, RegExp]>([
    [0, /at least one device/],
    ['0', /at least one device/],
    [[], /at least one device/],
    ['', /found ''/],
    [',', /found ','/],
    [-2, /found -2/],
    [1.5, /found 1.5/],
    [Number.NaN, /found NaN/],
    [5, /this machine has 4/],
    ['5', /this machine has 4/],
    [[0, 4], /no device 4/],
    ['0,4', /no device 4/],
    [[0, 0], /device 0 is named twice/],
    ['1,2,1', /device 1 is named twice/],
    [[-1], /-1 is no index/],
    [[0.5], /0.5 is no index/],
    [['0'], /'0' is no index/],
    ['two', /found 'two'/],
    ['1;2', /found '1;2'/],
    [true, /found true/],
    [null, /found null/],
    [undefined, /found undefined/],
    [{ count: 2 }, /found an object with count/],
  ])('refuses %j', (devices, message) => {
    const error = refusal(() => parseDevices(devices as Devices, 4))
    expect(error.message).toMatch(message)
    expect(error.message).toContain(
      "'auto' or -1 (all), a number from 1 to 4, or a list of different indices from 0 to 3",
    )
  })

  it('refuses everything where there is no device', () => {
    for (const devices of ['auto', -1, 1, [0]] as Devices[]) {
      expect(refusal(() => parseDevices(devices, 0)).message).toMatch(/another accelerator/)
    }
  })
})

describe('devices that are workers', () => {
  it.each<[Devices, number]>([
    ['auto', 1],
    [1, 1],
    [4, 4],
    ['4', 4],
    [-1, 2],
  ])('reads %j as %j workers on two processors', (devices, workers) => {
    expect(parseWorkers(devices, 2)).toEqual(Array.from({ length: workers }, (_, index) => index))
  })

  it.each<[unknown, RegExp]>([
    [0, /at least one device/],
    ['0', /at least one device/],
    [[], /counted, not chosen/],
    [[0, 1], /counted, not chosen/],
    ['0,1', /counted, not chosen/],
    [-3, /found -3/],
    ['many', /found 'many'/],
  ])('refuses %j', (devices, message) => {
    const error = refusal(() => parseWorkers(devices as Devices, 2))
    expect(error.message).toMatch(message)
    expect(error.message).toContain('a number of workers of at least 1')
  })
})
