import { transformerPlan } from '@levin/nn'
import { afterAll, describe, test } from 'vitest'
import type { MeshOptions } from '../src/mesh.js'
import type { MeshTraining } from './programs/mesh-training.js'
import { compareMesh } from './support/mesh-curve.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(8)
afterAll(() => ranks.end())

const GPT: MeshTraining = { model: 'gpt', steps: 100, batchSize: 4, samples: 22, accumulate: 4 }
const plan = transformerPlan({ tokens: 'tokens', head: 'head' })

const MESHES: readonly (readonly [size: number, options: MeshOptions])[] = [
  [2, { pipeline: 2, schedule: 'gpipe' }],
  [2, { pipeline: 2, schedule: 'zeroBubble' }],
  [2, { pipeline: 2, chunks: 2 }],
  [4, { pipeline: 4 }],
  [2, { tensor: 2, plan }],
  [4, { tensor: 4, plan, sequenceParallel: true }],
  [4, { context: 4 }],
  [8, { data: 2, pipeline: 2, tensor: 2, plan, zero: 1 }],
  [8, { pipeline: 2, context: 2, tensor: 2, plan, sequenceParallel: true }],
]

describe.each(MESHES)('a hundred steps on %i ranks, %o', (size, options) => {
  test('a GPT comes to what one device comes to', () => compareMesh(ranks, GPT, options, size, 1e-3))
})
