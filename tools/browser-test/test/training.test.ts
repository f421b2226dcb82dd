// What is bundled by Vite without configuration trains on a page.
import type { FitResult } from '@levin/trainer'
import { describe, expect, test } from 'vitest'
import { call } from '../src/index.js'
import { hasBrowser, usePage } from './support.js'

describe.runIf(hasBrowser).each([true, false])('a training on the page, isolated: %s', (isolated) => {
  const pages = usePage('training')

  test('learns, twice alike, and says nothing that is wrong', async () => {
    expect(pages.bundle.warnings).toEqual([])
    const page = await pages.open({ isolated })
    const first = await call<FitResult>(page, 'train', 20)
    expect(first).toMatchObject({ status: 'completed', clock: { globalStep: 320 } })
    expect(first.metrics['val/accuracy']).toBeGreaterThan(0.9)
    expect(await call(page, 'train', 20)).toEqual(first)
    expect(page.errors).toEqual([])
  })

  test('comes to the same by WebGPU', async () => {
    const page = await pages.open({ isolated })
    const onCpu = await call<FitResult>(page, 'train', 2)
    const onGpu = await call<FitResult>(page, 'train', 2, 'webgpu')
    expect(onGpu.clock).toEqual(onCpu.clock)
    expect(onGpu.metrics['val/loss']).toBeCloseTo(onCpu.metrics['val/loss'] as number, 4)
    expect(page.errors).toEqual([])
  })

  test('takes one file of WebAssembly along, of the backend’s three', () => {
    const files = Object.keys(pages.bundle.files).filter((file) => file.endsWith('.wasm'))
    expect(files).toEqual([expect.stringMatching(/^assets\/tfjs-backend-wasm-simd-.*\.wasm$/)])
  })
})
