import { afterAll, describe, test } from 'vitest'
import type { ZeroOptions } from '../src/zero.js'
import type { ZeroTraining } from './programs/zero-training.js'
import { Ranks } from './support/ranks.js'
import { compareWithOneDevice } from './support/zero-curve.js'

const ranks = new Ranks(4)
afterAll(() => ranks.end())

/** Small units and buckets, so that there are several of each. */
const STAGES: readonly ZeroOptions[] = [
  { stage: 1, bucketSize: 300 },
  { stage: 2, bucketSize: 300 },
  { stage: 3, minimumUnitSize: 100 },
]

interface Trial extends ZeroTraining {
  readonly worlds: readonly number[]
}

const TRIALS: Readonly<Record<string, Trial>> = {
  mlp: { model: 'mlp', steps: 20, batchSize: 12, samples: 100, worlds: [1, 2, 4] },
  // The last batch of an epoch holds three samples: of four ranks one has none.
  'cnn, with batch norm': { model: 'cnn', steps: 20, batchSize: 12, samples: 39, worlds: [1, 2, 3, 4] },
  'gpt, with dropout': { model: 'gpt', steps: 20, batchSize: 12, samples: 50, worlds: [1, 2, 4] },
  'gpt that accumulates and clips': {
    model: 'gpt',
    steps: 10,
    batchSize: 12,
    samples: 50,
    accumulate: 3,
    clipping: { algorithm: 'norm', value: 0.3 },
    worlds: [2, 3],
  },
  'a model that reads parameters everywhere': {
    model: 'shared',
    steps: 20,
    batchSize: 12,
    samples: 41,
    worlds: [1, 2, 3],
  },
  'losses of unequal weight, some of none': {
    model: 'weighted',
    steps: 20,
    batchSize: 12,
    samples: 41,
    accumulate: 2,
    worlds: [2, 4],
  },
  'an optimizer that needs whole tensors': {
    model: 'layerwise',
    steps: 20,
    batchSize: 12,
    samples: 41,
    clipping: { algorithm: 'norm', value: 0.5 },
    worlds: [1, 2, 4],
  },
}

describe.each(STAGES)('zero(%o) has the curve of one device', (options) => {
  describe.each(Object.entries(TRIALS))('for %s', (_, { worlds, ...training }) => {
    test.each(worlds)('on %i ranks', (size) => compareWithOneDevice(ranks, training, options, size))
  })

  describe.each(['mlp', 'cnn', 'gpt'] as const)(
    'over 200 steps of %s, but for what single precision loses',
    (model) => {
      test.each([1, 2, 4])('on %i ranks', (size) =>
        compareWithOneDevice(ranks, { model, steps: 200, batchSize: 12, samples: 70 }, options, size, 1e-3),
      )
    },
  )
})
