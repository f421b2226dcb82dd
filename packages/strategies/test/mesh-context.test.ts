import { transformerPlan } from '@levin/nn'
import { afterAll, describe, test } from 'vitest'
import type { MeshOptions } from '../src/mesh.js'
import type { MeshTraining } from './programs/mesh-training.js'
import { compareMesh } from './support/mesh-curve.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(8)
afterAll(() => ranks.end())

// 22 samples in micro-batches of 4 make windows of 4 and 2, the last micro-batch of which is not full.
const GPT: MeshTraining = { model: 'gpt', steps: 20, batchSize: 4, samples: 22, accumulate: 4 }
const plan = transformerPlan({ head: 'head' })

const MESHES: readonly (readonly [size: number, options: MeshOptions])[] = [
  [2, { context: 2 }],
  [4, { context: 4 }],
  [4, { data: 2, context: 2 }],
  [4, { context: 2, pipeline: 2 }],
  [4, { context: 2, pipeline: 2, schedule: 'zeroBubble' }],
  [4, { context: 2, tensor: 2, plan }],
  [4, { context: 2, tensor: 2, plan, sequenceParallel: true }],
  [8, { context: 2, pipeline: 2, tensor: 2, plan }],
]

describe.each(MESHES)('on %i ranks, %o', (size, options) => {
  test('a GPT whose sequences are divided trains as on one device', () => compareMesh(ranks, GPT, options, size))
})
