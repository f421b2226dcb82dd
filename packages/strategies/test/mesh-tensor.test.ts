import { transformerPlan } from '@levin/nn'
import { afterAll, describe, test } from 'vitest'
import type { MeshOptions } from '../src/mesh.js'
import type { MeshTraining } from './programs/mesh-training.js'
import { compareMesh } from './support/mesh-curve.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(8)
afterAll(() => ranks.end())

const GPT: MeshTraining = {
  model: 'gpt',
  steps: 20,
  batchSize: 4,
  samples: 22,
  accumulate: 4,
  clipping: { algorithm: 'norm', value: 0.3 },
}
const plan = transformerPlan({ tokens: 'tokens', head: 'head' })
const withWholeTable = transformerPlan({ head: 'head' })

const WORLDS: readonly (readonly [size: number, options: MeshOptions])[] = [
  [2, { tensor: 2, plan, sequenceParallel: true }],
  [2, { tensor: 2, plan: withWholeTable, sequenceParallel: true }],
  [3, { tensor: 3, plan }],
  [4, { tensor: 2, pipeline: 2, plan, sequenceParallel: true, schedule: 'zeroBubble' }],
  [4, { tensor: 2, pipeline: 2, plan, recompute: true }],
  [8, { tensor: 2, pipeline: 2, data: 2, plan, sequenceParallel: true, zero: 1 }],
]

describe.each(WORLDS)('layers shared on %i ranks, %o', (size, options) => {
  test('a GPT trains as on one device, clipped', () => compareMesh(ranks, GPT, options, size))
})
