import { transformerPlan } from '@levin/nn'
import { afterAll, expect, test } from 'vitest'
import { ALONE, type Layout, meshOptions } from '../src/planner/layout.js'
import { planMemory, type RankMemory } from '../src/planner/memory.js'
import { type MeshMemoryTrial, type MeshMemoryUsed, measureGpt } from './programs/mesh-memory.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(2)
afterAll(() => ranks.end())

const [MICRO_BATCHES, TIME] = [4, 64]
const plan = transformerPlan({ tokens: 'tokens', head: 'head' })
const TRIAL: Omit<MeshMemoryTrial, 'options'> = {
  sizes: { vocabulary: 64, features: 128, heads: 4, blocks: 8, time: TIME, learningRate: 1e-3 },
  batchSize: 4,
  microBatches: MICRO_BATCHES,
  steps: 2,
}

const LAYOUTS: readonly Partial<Layout>[] = [
  { data: 2 },
  { data: 2, zero: 1 },
  { data: 2, recompute: true },
  { pipeline: 2, schedule: 'gpipe' },
  { pipeline: 2, schedule: '1f1b' },
  { pipeline: 2, schedule: '1f1b', recompute: true },
  { pipeline: 2, schedule: 'interleaved', chunks: 2 },
  { pipeline: 2, schedule: 'zeroBubble' },
  { context: 2 },
  { tensor: 2 },
  { tensor: 2, sequenceParallel: true },
]

const measured = measureGpt({ ...TRIAL, options: { plan } })

test.each(LAYOUTS)('what ranks of %o take is what is planned', async (changes) => {
  const layout = { ...ALONE, ...changes, microBatches: MICRO_BATCHES }
  const options = { ...meshOptions(layout), ...(layout.tensor > 1 ? { plan } : {}) }
  const used = await ranks.run<MeshMemoryUsed>('meshMemory', { ...TRIAL, options }, { size: 2 })
  const planned = planMemory(layout, await measured)
  for (const [rank, { peak }] of used.entries()) {
    // The first ranks have the last stages.
    const { total } = planned.at(-1 - Math.floor((rank * planned.length) / 2)) as RankMemory
    expect(peak / total).toBeGreaterThan(0.85)
    expect(peak / total).toBeLessThan(1.15)
  }
})
