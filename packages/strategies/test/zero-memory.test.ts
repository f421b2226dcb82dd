import { afterAll, expect, test } from 'vitest'
import type { ZeroOptions } from '../src/zero.js'
import type { MemoryTrial, MemoryUsed } from './programs/zero-memory.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(4)
afterAll(() => ranks.end())

const WIDTH = 256
const LAYERS = 16
/** Elements of a layer. */
const LAYER = WIDTH * WIDTH + WIDTH
const MODEL = LAYERS * LAYER
const BUCKET = 2 * LAYER

/** Elements that a rank of `n` holds at its peak: parameters, gradients and two moments, by Rajbhandari et al. 2020, table 1. */
const FORMULAS: readonly (readonly [options: ZeroOptions | undefined, elements: (n: number) => number])[] = [
  [undefined, () => 4 * MODEL],
  [{ stage: 1 }, (n) => 2 * MODEL + (2 * MODEL) / n],
  // At the update: the part that the optimizer works on is a copy. On the way back: a bucket.
  [{ stage: 2 }, (n) => MODEL + Math.max((4 * MODEL) / n, (3 * MODEL) / n + BUCKET)],
  // A layer is whole with its gradient, whatever the number of ranks.
  [{ stage: 3 }, (n) => (4 * MODEL) / n + 2 * LAYER],
]

test.each(FORMULAS)('a rank of zero(%o) needs what the formula says', async (options, elements) => {
  for (const size of [2, 4]) {
    const trial: MemoryTrial = {
      layers: LAYERS,
      width: WIDTH,
      steps: 2,
      options: options && { ...options, bucketSize: BUCKET },
    }
    for (const { parameters, peak } of await ranks.run<MemoryUsed>('zeroMemory', trial, { size })) {
      expect(parameters).toBe(MODEL)
      // Activations of a sample, scratch memory of kernels, and what is in the hands of a walk back.
      expect(peak / 4 / elements(size)).toBeGreaterThan(0.98)
      expect(peak / 4 / elements(size)).toBeLessThan(1.06)
    }
  }
})

test('the blocks of a transformer are units, and their activations go too', async () => {
  const blocks = { kind: 'blocks', layers: 12, width: 128, steps: 2 } as const
  const [whole] = await ranks.run<MemoryUsed>('zeroMemory', { ...blocks, options: undefined }, { size: 4 })
  const [parts] = await ranks.run<MemoryUsed>('zeroMemory', { ...blocks, options: { stage: 3 } }, { size: 4 })
  const { parameters, peak } = parts as MemoryUsed
  const block = parameters / blocks.layers
  // One block's activations are left: about 40 per position and feature.
  const activations = 40 * 32 * blocks.width
  expect(peak / 4).toBeLessThan(parameters + 2 * block + blocks.layers * 32 * blocks.width + activations)
  expect(peak).toBeLessThan(0.4 * (whole as MemoryUsed).peak)
})
