import { tensorflow } from '@levin/accelerator-cuda'
import { webgpu } from '@levin/accelerator-webgpu'
import { cpu } from '@levin/accelerators'
import { call, openBundled } from '@levin/browser-test'
import { requirePart, useSoftwareAdapter } from '@levin/real-parts'
import { beforeAll, describe, expect, test } from 'vitest'
import { readDigits } from '../src/read-digits.js'
import { DIGITS, type FewDigits, type ShortTraining, STEPS, trainShortly } from './short-training.js'

// The digit classifier, unchanged but for its size, on every kind of hardware that there is here. GPUs are programs.
describe('the digit classifier learns the same', { timeout: 400_000 }, () => {
  let digits: FewDigits
  let expected: ShortTraining

  beforeAll(async () => {
    digits = await fewDigits()
    expected = await trainShortly(cpu({ blas: false }), digits)
    expect(expected.losses).toHaveLength(STEPS)
    expect(expected.accuracy).toBeGreaterThan(0.5)
  })

  function expectTheSame({ losses, accuracy }: ShortTraining): void {
    expect(losses).toHaveLength(STEPS)
    for (const [step, loss] of losses.entries()) {
      const wanted = expected.losses[step] as number
      expect(Math.abs(loss - wanted) / Math.max(1, wanted), `step ${step}: ${loss} for ${wanted}`).toBeLessThan(1e-4)
    }
    expect(Math.abs(accuracy - expected.accuracy)).toBeLessThanOrEqual(0.005)
  }

  test('on cpu with a BLAS library', async () => {
    expectTheSame(await trainShortly(cpu(), digits))
  })

  test.runIf(requirePart('tensorflow-binding'))('on tensorflow', async () => {
    expectTheSame(await trainShortly(tensorflow(), digits))
  })

  describe.runIf(requirePart('chromium'))('with the software adapter of Chromium', () => {
    test('on webgpu in Node', async () => {
      useSoftwareAdapter()
      expectTheSame(await trainShortly(webgpu(), digits))
    })

    test('on cpu and webgpu in a page', async () => {
      const page = await openBundled(new URL('./page/', import.meta.url))
      try {
        for (const name of ['cpu', 'webgpu']) expectTheSame(await call<ShortTraining>(page, 'train', name, digits))
        expect(page.errors).toEqual([])
      } finally {
        await page.close()
      }
    })
  })
})

/** Of each class as many, one after the other. */
async function fewDigits(): Promise<FewDigits> {
  const { pixels, labels } = await readDigits()
  const starts = Array.from({ length: 10 }, (_, digit) => labels.indexOf(digit))
  const rows = Array.from({ length: DIGITS }, (_, at) => (starts[at % 10] as number) + Math.floor(at / 10))
  return {
    pixels: rows.flatMap((row) =>
      Array.from(pixels.subarray(row * 784, (row + 1) * 784), (value) => Math.round(value * 255)),
    ),
    labels: rows.map((row) => labels[row] as number),
  }
}
