import type { Gpu, PageServer } from '@levin/browser-test'
import { requirePart } from '@levin/real-parts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Browsers } from './browsers.js'
import { serveSite } from './site.js'
import { Visitor } from './visitor.js'

const DIGITS = '?filters=4&digits=320&batchSize=32&maxEpochs=6'
/** So small that a GPU that is a program gets through: 40 updates. */
const FEW_DIGITS = '?filters=2&digits=128&held=48&batchSize=16&maxEpochs=5'
const TEXT = '?width=16&heads=2&blocks=1&context=16&maxEpochs=8'

describe.skipIf(!requirePart('chromium'))('the pages', { timeout: 240_000 }, () => {
  let server: PageServer
  const browsers = new Browsers()
  const visitors: Visitor[] = []

  beforeAll(async () => {
    server = await serveSite()
  }, 120_000)
  afterEach(async () => {
    for (const visitor of visitors.splice(0)) {
      expect(visitor.errors).toEqual([])
      await visitor.close()
    }
  })
  afterAll(async () => {
    await browsers.close()
    await server?.close()
  })

  const visit = async (path: string, gpu: Gpu = 'webgpu'): Promise<Visitor> => {
    const visitor = await Visitor.open(await browsers.with(gpu), `${server.url}/${path}`)
    visitors.push(visitor)
    return visitor
  }

  /** Trains from the first update to the last. */
  async function undisturbed(visitor: Visitor): Promise<void> {
    await visitor.press('train')
    await visitor.sees('finished')
  }

  /** The same, but paused and reloaded at one point, and robbed of its GPU at another. */
  async function disturbed(visitor: Visitor, isOnGpu: boolean): Promise<void> {
    await visitor.pressesAt('train', 5)
    await visitor.press('train')
    await visitor.sees('paused')
    await visitor.reload()
    await visitor.sees('paused')
    if (isOnGpu) await visitor.pressesAt('lose', 27)
    await visitor.press('train')
    if (isOnGpu) await visitor.reads(/was lost.* Going on from update 25\./)
    await visitor.sees('finished')
  }

  test.each([
    ['cpu', '1', DIGITS, 60],
    // Twice as often: an update of two workers has twice as many digits.
    ['cpu', '2', DIGITS.replace('maxEpochs=6', 'maxEpochs=12'), 60],
    ['webgpu', '1', FEW_DIGITS, 20],
    ['webgl', '1', FEW_DIGITS, 20],
  ] as const)(
    'train on %s by %s workers, paused, reloaded and robbed of their GPU, as if nothing had happened',
    async (kind, workers, size, accuracy) => {
      const gpu = kind === 'webgl' ? 'webgl' : 'webgpu'
      const visitors = [await visit(`index.html${size}`, gpu), await visit(`index.html${size}`, gpu)] as const
      for (const visitor of visitors) {
        await visitor.chooses('accelerator', kind)
        if (workers !== '1') await visitor.chooses('workers', workers)
      }
      const [one, other] = visitors
      await undisturbed(one)
      await disturbed(other, kind !== 'cpu')
      expect(await other.weights('levin-digits')).toBe(await one.weights('levin-digits'))
      expect(await other.figure('update')).toBe(await one.figure('update'))
      expect(await other.figure('accuracy')).toBe(await one.figure('accuracy'))
      expect(Number.parseFloat((await other.figure('accuracy')) ?? '')).toBeGreaterThan(accuracy)
    },
  )

  test('show what they learn, and read what is drawn by keys', async () => {
    const visitor = await visit(`index.html${DIGITS}`)
    await visitor.chooses('accelerator', 'cpu')
    await visitor.page.focus('#train')
    await visitor.page.keyboard.press('Enter')
    await visitor.sees('finished')
    expect(await visitor.page.locator('#filters canvas').count()).toBe(4)
    const counted = await visitor.page.locator('#confusion td').allTextContents()
    expect(counted).toHaveLength(100)
    expect(counted.reduce((sum, text) => sum + (Number(text) || 0), 0)).toBe(1000)
    await visitor.page.focus('#pad')
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', ' '])
      await visitor.page.keyboard.press(key)
    for (let i = 0; i < 16; i++) await visitor.page.keyboard.press('ArrowDown')
    const guesses = await visitor.page
      .locator('#guesses meter')
      .evaluateAll((meters) => meters.map((meter) => (meter as HTMLMeterElement).value))
    expect(guesses.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 3)
    expect(guesses.indexOf(Math.max(...guesses))).toBe(1)
    await visitor.page.keyboard.press('Delete')
    expect(
      await visitor.page
        .locator('#guesses meter')
        .first()
        .evaluate((meter) => (meter as HTMLMeterElement).value),
    ).toBe(0)
  })

  test('stop at once, and forget everything', async () => {
    const visitor = await visit(`index.html${DIGITS}`)
    await visitor.chooses('accelerator', 'cpu')
    await visitor.press('train')
    await visitor.reaches(5)
    await visitor.press('reset')
    await visitor.sees('new')
    await visitor.reload()
    await visitor.sees('new')
    const left = await visitor.page.evaluate(async () => {
      const names: string[] = []
      for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name)
      return names
    })
    expect(left).toEqual([])
  })

  test.each([
    ['none', ['cpu'], /^Trains on WebAssembly: not on WebGPU \(.+\), not on WebGL \(.+\)\. [A-Z]/],
    ['webgl', ['cpu', 'webgl'], /^Trains on WebAssembly: not on WebGPU \(.+\), not on WebGL \(the processor plays/],
  ] as const)('train on WebAssembly where the GPU is %s, and say why', async (gpu, offered, message) => {
    const visitor = await visit(`index.html${DIGITS}`, gpu)
    expect(await visitor.message).toMatch(message)
    expect(await visitor.offered).toEqual(offered)
    await visitor.press('train')
    await visitor.sees('finished')
  })

  test('write while they train', async () => {
    const visitor = await visit(`gpt.html${TEXT}`)
    await visitor.chooses('accelerator', 'cpu')
    await visitor.page.fill('#text', 'to be or not to be, that is the question. '.repeat(400))
    await visitor.press('train')
    await visitor.reaches(110)
    await visitor.page.waitForFunction(() => (document.querySelector('#sample')?.textContent?.length ?? 0) > 30)
    expect(await visitor.page.getAttribute('html', 'data-state')).toBe('training')
    await visitor.press('train')
    await visitor.sees('paused')
  })
})
