import { assertAllClose } from '@levin/testing'
import { afterAll, describe, expect, test } from 'vitest'
import type { ZeroOptions } from '../src/zero.js'
import { trainZero, type ZeroTrained, type ZeroTraining } from './programs/zero-training.js'
import { Ranks } from './support/ranks.js'

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

const references = new Map<string, Promise<ZeroTrained>>()

/** The same training on one device, once. */
function reference(training: ZeroTraining): Promise<ZeroTrained> {
  const key = JSON.stringify(training)
  const known = references.get(key) ?? trainZero(training, { size: 1 })
  references.set(key, known)
  return known
}

/** The loss of each batch, over all ranks. */
const curve = (all: readonly ZeroTrained[]): number[] =>
  (all[0]?.losses ?? []).map((_, batch) => {
    const parts = all.map(({ losses }) => losses[batch] as ZeroTrained['losses'][0]).filter(({ weight }) => weight > 0)
    const weight = parts.reduce((total, part) => total + part.weight, 0)
    return weight === 0 ? 0 : parts.reduce((total, part) => total + part.loss * part.weight, 0) / weight
  })

/** The biases of keys change no attention: their gradients are rounding errors, which Adam makes steps of its full size of. */
const isFree = (path: string): boolean => path.endsWith('attention.key.bias')

async function check(training: ZeroTraining, options: ZeroOptions, size: number, rtol: number): Promise<void> {
  const trained = await ranks.run<ZeroTrained>('zeroTrain', { ...training, options }, { size })
  const single = await reference(training)
  assertAllClose(curve(trained), curve([single]), { rtol, atol: rtol / 100 }, 'losses')
  const final = new Map(trained[0]?.parameters)
  expect([...final.keys()]).toEqual(single.parameters.map(([path]) => path))
  for (const [path, values] of single.parameters)
    if (!isFree(path)) assertAllClose(final.get(path) ?? [], values, { rtol: 10 * rtol, atol: 10 * rtol }, path)
  for (const { validation, tensorsLeft } of trained) {
    assertAllClose(validation ?? Number.NaN, single.validation ?? Number.NaN, { rtol, atol: rtol }, 'val/loss')
    expect(tensorsLeft).toBe(0)
  }
  // Where ranks hold whole parameters they are the same bit for bit, after every step.
  if (options.stage !== 3) for (const { digests } of trained) expect(digests).toEqual(trained[0]?.digests)
}

describe.each(STAGES)('zero(%o) has the curve of one device', (options) => {
  describe.each(Object.entries(TRIALS))('for %s', (_, { worlds, ...training }) => {
    test.each(worlds)('on %i ranks', (size) => check(training, options, size, 1e-5))
  })

  test('over 200 steps, but for what single precision loses', async () => {
    const training = { model: 'gpt', steps: 200, batchSize: 12, samples: 50 } as const
    await check(training, options, 2, 1e-3)
  })
})
