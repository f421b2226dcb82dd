import { cpu } from '@levin/accelerators'
import { type BundledPage, call, openBundled } from '@levin/browser-test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { webgpu } from '../src/index.js'
import { COUNTED, expectFewCalls } from './counts.js'
import { type Curve, train } from './short-training.js'
import { hasAdapter } from './support.js'

const STEPS = 50

function expectSame(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length)
  for (const [step, loss] of found.entries()) {
    expect(Math.abs(loss - (expected[step] as number)), `step ${step}: ${loss}, ${expected[step]}`).toBeLessThan(1e-4)
  }
}

describe.runIf(hasAdapter())('training on webgpu', () => {
  it.each(['mlp', 'cnn'] as const)('gives the loss curve of the CPU: %s', async (kind) => {
    const training = { kind, steps: STEPS, logEvery: 1 }
    const { losses: expected } = await train(cpu({ blas: false }), training)
    const { losses: found } = await train(webgpu(), training)
    expectSame(found, expected)
    expect(found).toHaveLength(STEPS)
    expect(found.at(-1)).toBeLessThan((found[0] as number) * 0.7)
  })

  it('reads at triggers only, and hands commands over in batches', async () => {
    expectFewCalls(await train(webgpu(), COUNTED))
  })
})

describe.runIf(hasAdapter())('training on webgpu in Chromium', () => {
  let page: BundledPage
  beforeAll(async () => {
    page = await openBundled(new URL('./page/', import.meta.url))
  })
  afterAll(() => page?.close())

  it('comes to the numbers of the CPU, reads at triggers only, and hands commands over in batches', async () => {
    const onCpu = await call<Curve>(page, 'train', 'cpu', COUNTED)
    const onGpu = await call<Curve>(page, 'train', 'webgpu', COUNTED)
    expectSame(onGpu.losses, onCpu.losses)
    expect(onGpu.losses).toHaveLength(3)
    expectFewCalls(onGpu)
    expect(page.errors).toEqual([])
  })
})
