import { afterAll, describe, test } from 'vitest'
import type { MeshOptions } from '../src/mesh.js'
import type { MeshTraining } from './programs/mesh-training.js'
import { compareMesh } from './support/mesh-curve.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(8)
afterAll(() => ranks.end())

// 22 samples in micro-batches of 4 make windows of 4 and 2, the last micro-batch of which is not full.
const GPT: MeshTraining = { model: 'gpt', steps: 20, batchSize: 4, samples: 22, accumulate: 4 }
const MLP: MeshTraining = { model: 'mlp', steps: 8, batchSize: 8, samples: 60, accumulate: 4 }

const PIPELINES: readonly (readonly [size: number, options: MeshOptions])[] = [
  [2, { pipeline: 2, schedule: 'gpipe' }],
  [2, { pipeline: 2 }],
  [2, { pipeline: 2, chunks: 2 }],
  [2, { pipeline: 2, schedule: 'zeroBubble' }],
  [2, { pipeline: 2, recompute: true }],
  [4, { pipeline: 4, schedule: 'zeroBubble' }],
  [4, { data: 2, pipeline: 2, chunks: 2 }],
  [4, { data: 2, pipeline: 2, zero: 1 }],
]

describe.each(PIPELINES)('on %i ranks, %o', (size, options) => {
  test('a GPT trains as on one device', () => compareMesh(ranks, GPT, options, size))
  test('with its table tied, clipped', () =>
    compareMesh(ranks, { ...GPT, model: 'tied', clipping: { algorithm: 'norm', value: 0.3 } }, options, size))
  test('a chain that nobody has cut', () => compareMesh(ranks, MLP, options, size))
})
