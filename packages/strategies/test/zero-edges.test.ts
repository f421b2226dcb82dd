import { assertAllClose } from '@levin/testing'
import { afterAll, describe, expect, test } from 'vitest'
import type { ZeroOptions } from '../src/zero.js'
import { type Failed, type Failing, type Predicting, predictZero } from './programs/zero-edges.js'
import { Ranks } from './support/ranks.js'
import { compareWithOneDevice } from './support/zero-curve.js'

const ranks = new Ranks(3)
afterAll(() => ranks.end())

const STAGES: readonly ZeroOptions[] = [
  { stage: 1, bucketSize: 200 },
  { stage: 2, bucketSize: 200 },
  { stage: 3, minimumUnitSize: 30 },
]
const TEN = { steps: 10, batchSize: 8, samples: 40 } as const

describe.each(STAGES)('zero(%o) has the curve of one device', (options) => {
  test('where some ranks leave out of their loss what others do not', async () => {
    await compareWithOneDevice(ranks, { ...TEN, model: 'aside' }, options, 2)
    await compareWithOneDevice(ranks, { ...TEN, model: 'aside', accumulate: 2 }, options, 2)
  })

  test('where layers are frozen for a while', async () => {
    await compareWithOneDevice(ranks, { ...TEN, model: 'mlp', unfreezeAt: 1 }, options, 2)
  })
})

test.each(['shared', 'cnn', 'gpt'] as const)(
  'where every layer of %s is a unit the curve is that of one device',
  async (model) => {
    await compareWithOneDevice(ranks, { ...TEN, batchSize: 12, model }, { stage: 3, minimumUnitSize: 1 }, 3)
  },
)

test.each<ZeroOptions>([
  { stage: 1, bucketSize: 50 },
  { stage: 2, bucketSize: 50 },
  { stage: 3, units: [] },
])('zero(%o) has the curve of one device where ranks call different layers', async (options) => {
  await compareWithOneDevice(ranks, { ...TEN, model: 'branching' }, options, 2)
})

test.each([
  [['ways.*'], /different layers in one step/],
  [['trunk', 'ways.0'], /is \w+ of .* on rank \d, and \w+ of .* on rank \d/],
])(
  'the units %o, which only some ranks call, are an error on all of them before any update',
  async (units, message) => {
    const failing: Failing = { options: { stage: 3, units }, rank: 0, at: 'collective' }
    for (const failed of await ranks.run<Failed>('zeroFail', failing, { size: 2 })) {
      expect(failed.code).toBe('LEVIN_COLLECTIVE')
      expect(failed.message).toMatch(message)
      expect([failed.updates, failed.tensorsLeft]).toEqual([0, 0])
    }
  },
)

describe.each(STAGES)('under zero(%o)', (options) => {
  test.each(['onBeforeBackward', 'onAfterBackward', 'onBeforeOptimizerStep', 'onTrainBatchEnd'] as const)(
    'a rank that fails in %s ends the others, and leaves nothing',
    async (at) => {
      const [first, second] = await ranks.run<Failed>('zeroFail', { options, rank: 1, at } satisfies Failing, {
        size: 2,
      })
      expect(second?.message).toContain('this rank fails')
      expect(first?.message).toContain('this rank fails')
      expect([first?.tensorsLeft, second?.tensorsLeft]).toEqual([0, 0])
    },
  )

  test('predictions are those of one device', async () => {
    const predicting: Predicting = { model: 'gpt', samples: 31, options }
    type Predicted = Awaited<ReturnType<typeof predictZero>>
    const all = await ranks.run<Predicted>('zeroPredict', predicting, { size: 3 })
    const single = await predictZero(predicting, { size: 1 })
    const rows = (of: readonly Predicted[], batch: number) =>
      of.flatMap(({ predictions }) => Object.values(predictions[0]?.[batch]?.logits.data ?? {}) as number[])
    for (const batch of single.predictions[0].keys())
      assertAllClose(rows(all, batch), rows([single], batch), { rtol: 1e-5, atol: 1e-6 }, `batch ${batch}`)
    for (const { predictions, tensorsLeft } of all) {
      expect(predictions[0][0].first).toEqual(single.predictions[0][0].first)
      expect(tensorsLeft).toBe(0)
    }
  })
})
