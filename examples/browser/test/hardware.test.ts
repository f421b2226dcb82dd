import type { Availability } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { type AcceleratorName, rankHardware } from '../src/parts/hardware.js'

const GPU: Availability = { ok: true }
const PLAYED: Availability = { ok: true, automatic: false }
const NONE: Availability = { ok: false, reason: 'there is none.', remedy: 'Buy one.' }

describe('a page offers', () => {
  test.each<[string, Availability, Availability, AcceleratorName[], string]>([
    ['all, WebGPU first', GPU, GPU, ['webgpu', 'webgl', 'cpu'], 'Ready: trains on the GPU of this device, by WebGPU.'],
    [
      'WebGL where there is no WebGPU, and says so',
      NONE,
      GPU,
      ['webgl', 'cpu'],
      'Trains on WebGL: not on WebGPU (there is none). Buy one.',
    ],
    [
      'WebAssembly where there is neither, and says so',
      NONE,
      NONE,
      ['cpu'],
      'Trains on WebAssembly: not on WebGPU (there is none), not on WebGL (there is none). Buy one.',
    ],
    [
      'a GPU that the processor plays last, and says so',
      PLAYED,
      PLAYED,
      ['cpu', 'webgpu', 'webgl'],
      'Trains on WebAssembly: not on WebGPU (the processor plays the GPU here), not on WebGL (the processor plays the GPU here).',
    ],
  ])('%s', (_, webgpu, webgl, names, message) => {
    expect(rankHardware({ webgpu, webgl, cpu: { ok: true } })).toEqual({ names, message })
  })
})
