import { assertAllClose } from '@levin/testing'
import { afterAll, describe, expect, test } from 'vitest'
import type { World } from './programs/protocol.js'
import { type Trained, type Training, train } from './programs/training.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(4)
afterAll(() => ranks.end())

/** The loss of each batch, over all parts. */
const curve = (parts: readonly Trained[]): number[] =>
  (parts[0] as Trained).losses.map((_, batch) => {
    const all = parts.map(({ losses }) => losses[batch] as Trained['losses'][number])
    const counting = all.filter(({ weight }) => weight > 0)
    const weight = counting.reduce((sum, each) => sum + each.weight, 0)
    return counting.reduce((sum, each) => sum + each.loss * each.weight, 0) / weight
  })

async function compare(training: Training, world: World, rtol = 1e-5): Promise<readonly Trained[]> {
  const parts = await ranks.run<Trained>('train', training, world)
  const alone = await train(training, { ...world, size: 1 })
  expect(parts.map(({ losses }) => losses.length)).toEqual(parts.map(() => alone.losses.length))
  assertAllClose(curve(parts), curve([alone]), { rtol, atol: 1e-7 }, 'losses')
  for (const [rank, { digests, tensorsLeft }] of parts.entries()) {
    expect(digests, `rank ${rank}: parameters after each batch`).toEqual(parts[0]?.digests)
    expect(tensorsLeft).toBe(0)
  }
  return parts
}

// 38 samples in batches of 8: the last has 6, which divides neither by 4 nor by the parts before it.
const TWENTY = { steps: 20, batchSize: 8, samples: 38 } as const
const CLIPPED = { clipping: { algorithm: 'norm', value: 0.3 } } as const

const TRAININGS: Readonly<Record<string, Training>> = {
  mlp: { ...TWENTY, model: 'mlp' },
  'mlp, accumulating': { ...TWENTY, model: 'mlp', accumulate: 3 },
  'mlp, clipped': { ...TWENTY, model: 'mlp', ...CLIPPED },
  'cnn with batch norm': { ...TWENTY, model: 'cnn' },
  'cnn with batch norm, accumulating and clipped': { ...TWENTY, model: 'cnn', accumulate: 2, ...CLIPPED },
  'gpt with dropout': { ...TWENTY, model: 'gpt' },
  'gpt with dropout, accumulating and clipped': { ...TWENTY, model: 'gpt', accumulate: 2, ...CLIPPED },
  'a model of branches': { ...TWENTY, model: 'branching', samples: 40 },
  'gradients that share data': { ...TWENTY, model: 'twins' },
  'a loss with weights of its own': { ...TWENTY, model: 'weighted' },
  // One sample for four ranks at the end of an epoch.
  'parts without a sample': { ...TWENTY, model: 'mlp', samples: 25 },
  'parts without a sample and batch norm': { ...TWENTY, model: 'cnn', samples: 27, accumulate: 2 },
}

describe.each(Object.entries(TRAININGS))('%s', (_name, training) => {
  test.each([1, 2, 4])('has the loss curve of one device on %i ranks', async (size) => {
    await compare(training, { size })
  })
})

const SMALL_BUCKETS = { options: { bucketBytes: 2048 } }

describe.each<[string, World]>([
  ['blocking', { size: 3 }],
  ['not blocking', { size: 3, form: 'asynchronous' }],
  ['beginning early', { size: 3, form: 'overlapping' }],
  ['without views of memory', { size: 2, backend: 'cpu' }],
  ['without views of memory, not blocking', { size: 2, backend: 'cpu', form: 'asynchronous' }],
])('many buckets, %s', (_name, world) => {
  test.each<Training>([
    { ...TWENTY, ...SMALL_BUCKETS, model: 'mlp', batchSize: 12, samples: 31, steps: 8 },
    { ...TWENTY, ...SMALL_BUCKETS, model: 'gpt', batchSize: 12, samples: 31, steps: 6, accumulate: 2, ...CLIPPED },
    { ...TWENTY, ...SMALL_BUCKETS, model: 'branching', batchSize: 24, samples: 48, steps: 6 },
  ])('have the loss curve of one device: $model', async (training) => {
    await compare(training, world)
  })
})

describe('over 200 steps', () => {
  const LONG = { steps: 200, batchSize: 8, samples: 70 } as const
  test.each([2, 4])('a MLP stays with one device on %i ranks', async (size) => {
    await compare({ ...LONG, model: 'mlp' }, { size }, 1e-3)
  })
  test.each([2, 4])('a CNN with batch norm stays with one device on %i ranks', async (size) => {
    await compare({ ...LONG, model: 'cnn' }, { size }, 1e-3)
  })
  test.each([2, 4])('a GPT with dropout stays with one device on %i ranks', async (size) => {
    await compare({ ...LONG, model: 'gpt', ...CLIPPED }, { size }, 1e-3)
  })
})
