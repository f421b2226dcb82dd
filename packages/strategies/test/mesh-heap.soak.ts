import { transformerPlan } from '@levin/nn'
import { afterAll, expect, test } from 'vitest'
import { ALONE, type Layout, meshOptions } from '../src/planner/layout.js'
import { planMemory, type RankMemory } from '../src/planner/memory.js'
import { type MeshMemoryTrial, type MeshMemoryUsed, measureGpt } from './programs/mesh-memory.js'
import { Ranks } from './support/ranks.js'

const RANKS = 4
const ranks = new Ranks(RANKS)
afterAll(() => ranks.end())

const GIB = 2 ** 30
const MICRO_BATCHES = 4
const plan = transformerPlan({ tokens: 'tokens', head: 'head' })
const TRIAL: Omit<MeshMemoryTrial, 'options'> = {
  sizes: { vocabulary: 64, features: 1792, heads: 16, blocks: 8, time: 16, learningRate: 1e-4 },
  batchSize: 1,
  microBatches: MICRO_BATCHES,
  steps: 3,
}

const LAYOUTS: readonly Partial<Layout>[] = [{ pipeline: RANKS }, { tensor: RANKS }]

// Block by block, so that it needs less than a rank does.
const measured = measureGpt({ ...TRIAL, options: { plan } })

test.each(LAYOUTS)(
  '%o trains a model whose state no wasm heap could hold, in the memory that was planned',
  async (changes) => {
    const layout = { ...ALONE, ...changes, microBatches: MICRO_BATCHES }
    const options = { ...meshOptions(layout), ...(layout.tensor > 1 ? { plan } : {}) }
    const model = await measured
    const elements = model.layers.flatMap(({ parameters }) => parameters).reduce((sum, each) => sum + each.elements, 0)
    // Parameters, gradients and two moments, of four bytes each.
    expect(16 * elements).toBeGreaterThan(4 * GIB)
    // A rank makes its part of the model while others wait for it.
    const world = { size: RANKS, deadline: 120_000 }
    const trained = await ranks.run<MeshMemoryUsed>('meshMemory', { ...TRIAL, options }, world)
    const planned = planMemory(layout, model)
    for (const [rank, { peak, held }] of trained.entries()) {
      // The first ranks have the last stages.
      const { total } = planned.at(-1 - Math.floor((rank * planned.length) / RANKS)) as RankMemory
      expect(peak).toBeGreaterThan(16 * held)
      expect(peak / total).toBeGreaterThan(0.85)
      expect(peak / total).toBeLessThan(1.15)
    }
    const { losses } = trained[0] as MeshMemoryUsed
    expect(losses).toHaveLength(TRIAL.steps)
    expect(losses).toEqual(losses.toSorted((a, b) => b - a))
    expect(losses[2]).toBeLessThan(0.995 * (losses[0] as number))
  },
)
