import { assignPaths } from '@levin/core'
import { transformerPlan } from '@levin/nn'
import { afterAll, describe, expect, test } from 'vitest'
import { axisSizes, placeOf } from '../src/mesh/layout.js'
import { shareLayers } from '../src/mesh/share-layers.js'
import type { MeshOptions } from '../src/mesh.js'
import { MESH_MODELS, TIME, VOCABULARY } from './programs/mesh-models.js'
import type { MeshTrained, MeshTraining } from './programs/mesh-training.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(4)
afterAll(() => ranks.end())

// The formulas of docs/model-parallelism.md.
const [BATCH, MICRO_BATCHES, FEATURES, BLOCKS] = [4, 4, 16, 4]
const TRAINING: MeshTraining = {
  model: 'gpt',
  steps: 4,
  batchSize: BATCH,
  samples: 2 * BATCH * MICRO_BATCHES,
  accumulate: MICRO_BATCHES,
}
const HEADER = 40

const plan = transformerPlan({ tokens: 'tokens', head: 'head' })

const LAYOUTS: readonly (readonly [size: number, options: MeshOptions])[] = [
  [2, { data: 2 }],
  [2, { pipeline: 2 }],
  [4, { pipeline: 4, schedule: 'zeroBubble' }],
  [4, { data: 2, pipeline: 2, chunks: 2 }],
  [2, { tensor: 2, plan }],
  [2, { tensor: 2, plan, sequenceParallel: true }],
  [2, { context: 2 }],
]

const parameters = MESH_MODELS.gpt().parameters().length

/** Bytes that a rank sends in a step, by group, where all shapes divide evenly. */
function expected(size: number, options: MeshOptions, rank: number): Record<string, number> {
  const sizes = axisSizes(options, 'data', size)
  const place = placeOf(rank, sizes)
  const { data, context, tensor, pipeline } = sizes
  const samples = BATCH / data
  const time = TIME / context
  const activation = 4 * samples * time * FEATURES
  const perMicroBatch: Record<string, number> = {}
  const { chunks = 1 } = options
  // Stages on both sides of this rank's, of all parts of the model that it has.
  const after = chunks - (place.pipeline === pipeline - 1 ? 1 : 0)
  const before = chunks - (place.pipeline === 0 ? 1 : 0)
  if (pipeline > 1) perMicroBatch['pipeline'] = (after + before) * (activation + HEADER)
  const own = VOCABULARY / tensor
  const logits = 4 * samples * time * (place.tensor < tensor - 1 ? Math.floor(own) : Math.ceil(own))
  // Two sums in each half of a block, one for the table, one for the head, whose logits are gathered.
  const sums = (4 * BLOCKS + 2) * activation
  const gathers = options.sequenceParallel ? sequenceBytes(activation, tensor) : sums
  if (tensor > 1) perMicroBatch['tensor'] = (tensor - 1) * (gathers + logits + 4)
  // Keys and values go round forward; with their gradients they do backward.
  if (context > 1) perMicroBatch['context'] = 6 * BLOCKS * (context - 1) * activation
  const bytes = Object.fromEntries(Object.entries(perMicroBatch).map(([name, each]) => [name, MICRO_BATCHES * each]))
  // What every tensor rank has, and has seen a stretch of each sequence with.
  if (options.sequenceParallel) bytes['tensor'] = (bytes['tensor'] ?? 0) + 4 * (tensor - 1) * wholeElements()
  // Weights and which parameters are reached; and whether anybody stops.
  bytes['world'] = (size - 1) * (8 + Math.ceil(parameters / 8) + 4)
  return bytes
}

/** A sum over ranks that are to have a stretch of it each is half of one that all have whole; so is gathering them again. */
function sequenceBytes(activation: number, tensor: number): number {
  const half = activation / tensor
  const gather = half + 4
  // Forward each half of a block gathers and scatters, and the walk back the other way round; the table scatters, the head gathers.
  return BLOCKS * 4 * (half + gather) + (half + gather) + (gather + half)
}

function wholeElements(): number {
  const module = MESH_MODELS.gpt()
  assignPaths(module)
  shareLayers(module, plan)
  return module.parameters().reduce((sum, { size, split }) => sum + (split ? 0 : size), 0)
}

describe.each(LAYOUTS)('on %i ranks, %o', (size, options) => {
  test('a rank sends as many bytes in a step as the formulas say', async () => {
    const trained = await ranks.run<MeshTrained>('meshTrain', { ...TRAINING, options }, { size })
    for (const [rank, { sent, held }] of trained.entries()) {
      // Between the ends of the first and the second window of an epoch.
      const measured = Object.fromEntries(
        Object.entries(sent).map(([name, counts]) => [
          name,
          (counts[2 * MICRO_BATCHES - 1] as number) - (counts[MICRO_BATCHES - 1] as number),
        ]),
      )
      const { replicas, ...exact } = measured
      expect({ rank, ...exact }).toEqual({ rank, ...expected(size, options, rank) })
      if (replicas === undefined) continue
      const { data, context } = axisSizes(options, 'data', size)
      const share = (2 * (data * context - 1)) / (data * context)
      // Parts are whole lines of a cache.
      expect(Math.abs(replicas - share * 4 * held)).toBeLessThan(0.02 * replicas)
    }
  })
})
