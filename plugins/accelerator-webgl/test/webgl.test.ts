import { type BundledPage, call, openBundled } from '@levin/browser-test'
import { availabilityOf } from '@levin/core'
import { holdFindings, type SweepFindings } from '@levin/op-sweep'
import { requirePart } from '@levin/real-parts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { webgl } from '../src/index.js'
import type { Loss } from './page/main.js'

// Rounded as shaders round.
const TOLERANCE = { rtol: 1e-5, atol: 5e-6 }

describe('where there is no browser', () => {
  it('says what is missing and what to do', async () => {
    expect(await availabilityOf(webgl)).toEqual({
      ok: false,
      reason: 'there is no WebGL 2 here; browsers have it, Node has not',
      remedy: "Use accelerator: 'webgpu', or 'cpu'.",
    })
    await expect(webgl().setup()).rejects.toThrow("The accelerator 'webgl' cannot run here: there is no WebGL 2 here")
  })
})

describe.runIf(requirePart('chromium'))('in Chromium, on SwiftShader', () => {
  let page: BundledPage
  beforeAll(async () => {
    page = await openBundled(new URL('./page/', import.meta.url), 'webgl')
  })
  afterAll(() => page?.close())

  it('is there, and never chosen by itself: the processor plays the GPU', async () => {
    expect(await call(page, 'availability')).toMatchObject({ ok: true, automatic: false })
  })

  it('is what the Trainer and the strategies rely on', async () => {
    const results = await call<Record<string, string>>(page, 'conformance')
    expect(Object.entries(results).filter(([, result]) => result !== 'passed')).toEqual([])
  })

  it('computes every op of layers, optimizers and metrics as its report says', async () => {
    const findings = await call<SweepFindings>(page, 'sweep', TOLERANCE)
    const report = new URL('./op-reports/webgl.json', import.meta.url)
    holdFindings({ accelerator: 'webgl', on: 'Chromium, on SwiftShader', tolerance: TOLERANCE, report }, findings)
  })

  it('says when the browser takes the context away, to those who wait too, and computes again when it is regained', async () => {
    const { reasons, codes, sums } = await call<Loss>(page, 'loseAndRegain')
    expect(reasons).toEqual(['the browser took the WebGL context away'])
    expect(codes).toEqual(Array(3).fill('LEVIN_DEVICE_LOST'))
    expect(sums[0]).toBeGreaterThan(0)
    expect(sums[1]).toBe(sums[0])
  })
})
