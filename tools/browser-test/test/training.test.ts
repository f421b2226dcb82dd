// What is bundled by Vite without configuration trains on a page.
import type { FitResult } from '@levin/trainer'
import { describe, expect, test } from 'vitest'
import { call } from '../src/index.js'
import { hasBrowser, usePage } from './support.js'

describe.runIf(hasBrowser)('a training on the page', () => {
  const pages = usePage('training')

  test.each([true, false])('learns, isolated: %s, twice alike, and says nothing that is wrong', async (isolated) => {
    expect(pages.bundle.warnings).toEqual([])
    const page = await pages.open({ isolated })
    const first = await call<FitResult>(page, 'train', 20)
    expect(first).toMatchObject({ status: 'completed', clock: { globalStep: 320 } })
    expect(first.metrics['val/accuracy']).toBeGreaterThan(0.9)
    expect(await call(page, 'train', 20)).toEqual(first)
    expect(page.errors).toEqual([])
  })

  test('takes one file of WebAssembly along, of the backend’s three', () => {
    const files = Object.keys(pages.bundle.files).filter((file) => file.endsWith('.wasm'))
    expect(files).toEqual([expect.stringMatching(/^assets\/tfjs-backend-wasm-simd-.*\.wasm$/)])
  })
})
