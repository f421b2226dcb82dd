import { afterAll, expect, test } from 'vitest'
import type { MemoryTrial, MemoryUsed } from './programs/zero-memory.js'
import { Ranks } from './support/ranks.js'

const RANKS = 4
const ranks = new Ranks(RANKS)
afterAll(() => ranks.end())

const GIB = 2 ** 30

test('stage 3 trains a model whose state no wasm heap could hold', async () => {
  const trial: MemoryTrial = { layers: 17, width: 4096, steps: 3, options: { stage: 3 } }
  const trained = await ranks.run<MemoryUsed>('zeroMemory', trial, { size: RANKS })
  const layer = 4 * (4096 * 4096 + 4096)
  for (const { parameters, peak, losses } of trained) {
    // Parameters, gradients and two moments, of four bytes each.
    expect(16 * parameters).toBeGreaterThan(4 * GIB)
    expect(peak).toBeGreaterThan((16 * parameters) / RANKS)
    expect(peak).toBeLessThan((16 * parameters) / RANKS + 3 * layer)
    expect(losses).toHaveLength(3)
    expect(losses).toEqual(losses.toSorted((a, b) => b - a))
    expect(losses[2]).toBeLessThan(0.995 * (losses[0] as number))
  }
})
