import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { SampleOutcome, SamplePlan } from './programs/sample-bodies.js'
import { temporaryFolders } from './support/folders.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(4)
afterAll(() => ranks.end())
const newFolder = temporaryFolders()

const play = (size: number, plan: SamplePlan) => ranks.run<SampleOutcome>('samples', plan, { size })

const SAMPLES = 50

/** The samples of an epoch in the order of the global batches, and how many each of these has. */
function epochOf(
  outcomes: readonly SampleOutcome[],
  epoch: number,
): { ids: number[]; sizes: number[]; indices: number[] } {
  const [first] = outcomes.map(({ seen }) => seen.filter((batch) => batch.epoch === epoch))
  const all = outcomes.map(({ seen }) => seen.filter((batch) => batch.epoch === epoch))
  const batches = (first ?? []).map((_, i) => all.flatMap((own) => own[i]?.ids ?? []))
  return {
    ids: batches.flat(),
    sizes: batches.map(({ length }) => length),
    indices: (first ?? []).map((batch) => batch.batchIndex),
  }
}

const everySample = Array.from({ length: SAMPLES }, (_, id) => id)
const sorted = (ids: readonly number[]) => [...ids].sort((a, b) => a - b)

describe.each([
  // Workers and samples per worker: before, and after the checkpoint.
  [1, 4, 2, 4],
  [2, 4, 1, 4],
  [2, 4, 3, 4],
  [3, 2, 2, 4],
  [4, 3, 3, 3],
  [2, 3, 2, 5],
  [1, 6, 4, 20],
])(
  'an epoch that %i workers begin with batches of %i, and %i go on with batches of %i',
  (before, size, after, newSize) => {
    test('trains on every sample once, in one order, wherever it is interrupted', async () => {
      const [straight] = await play(1, { folder: await newFolder(), samples: SAMPLES, batchSize: SAMPLES, epochs: 2 })
      const [order, next] = [0, 1].map((epoch) => epochOf([straight as SampleOutcome], epoch).ids)
      expect(sorted(order ?? [])).toEqual(everySample)
      const plan = { folder: await newFolder(), samples: SAMPLES }
      const steps = Math.ceil(SAMPLES / (before * size))
      const begun = await play(before, { ...plan, batchSize: size, epochs: 1 })
      for (const maxSteps of [1, 2, steps - 1, steps]) {
        const folder = await newFolder()
        const ckptPath = join(plan.folder, `step=${maxSteps}`)
        const resumed = await play(after, { samples: SAMPLES, folder, batchSize: newSize, epochs: 2, ckptPath })
        const consumed = Math.min(maxSteps * before * size, SAMPLES)
        const first = epochOf(begun, 0).ids.slice(0, consumed)
        const rest = epochOf(resumed, 0)
        expect([...first, ...rest.ids]).toEqual(order)
        // What is left is divided into full batches of the new size, and one that is not.
        expect(rest.sizes.slice(0, -1)).toEqual(rest.sizes.slice(0, -1).map(() => after * newSize))
        expect(rest.indices).toEqual(rest.sizes.map((_, i) => Math.floor(consumed / (after * newSize)) + i))
        expect(epochOf(resumed, 1).ids).toEqual(next)
        for (const { clock, parameters } of resumed) {
          expect(clock).toEqual(resumed[0]?.clock)
          expect(parameters).toEqual(resumed[0]?.parameters)
          const perEpoch = Math.ceil(SAMPLES / (after * newSize))
          expect(clock).toMatchObject({
            epoch: 2,
            totalSamples: 2 * SAMPLES,
            globalStep: maxSteps + rest.sizes.length + perEpoch,
          })
        }
        const said = resumed[0]?.announced
        if (before !== after) expect(said).toContain('not bit for bit')
        if (before * size !== after * newSize) expect(said).toContain(`batches had ${before * size} samples`)
      }
    })
  },
)

test('the same global batch on another number of workers makes the same updates', async () => {
  const [straight] = await play(1, { folder: await newFolder(), samples: 48, batchSize: 12, epochs: 2 })
  const folder = await newFolder()
  await play(2, { folder, samples: 48, batchSize: 6, epochs: 1 })
  const resumed = await play(3, { folder, samples: 48, batchSize: 4, epochs: 2, ckptPath: join(folder, 'step=2') })
  for (const { clock, parameters, announced } of resumed) {
    expect(clock).toEqual(straight?.clock)
    for (const [i, value] of parameters.entries()) expect(value).toBeCloseTo(straight?.parameters[i] as number, 6)
    expect(announced).not.toContain('batches had')
  }
})

test('a limit on batches counts batches of the size that they have now', async () => {
  const folder = await newFolder()
  await play(2, { folder, samples: 60, batchSize: 5, epochs: 1 })
  const plan = { folder, samples: 60, batchSize: 5, ckptPath: join(folder, 'step=2'), epochs: 1 }
  // 20 samples are 4 batches of 5.
  const within = await play(1, { ...plan, limitTrainBatches: 7 })
  expect(epochOf(within, 0)).toMatchObject({ sizes: [5, 5, 5], indices: [4, 5, 6] })
  const beyond = await play(1, { ...plan, limitTrainBatches: 3 })
  expect(epochOf(beyond, 0).sizes).toEqual([])
  expect(beyond[0]?.clock).toMatchObject({ epoch: 1, globalStep: 2 })
})

test('accumulation windows begin anew with what is left', async () => {
  const folder = await newFolder()
  await play(2, { folder, samples: 40, batchSize: 4, epochs: 1, accumulate: 2 })
  const plan = { folder, samples: 40, batchSize: 4, epochs: 1, accumulate: 2, ckptPath: join(folder, 'step=1') }
  const resumed = await play(1, plan)
  expect(epochOf(resumed, 0).sizes).toEqual([4, 4, 4, 4, 4, 4])
  expect(resumed[0]?.clock).toMatchObject({ globalStep: 1 + 3, totalSamples: 40 })
})

test('a loader that knows no positions goes on after as many batches, which is said', async () => {
  const folder = await newFolder()
  const plan = { folder, samples: 40, batchSize: 4, unseekable: true, epochs: 1 }
  await play(2, plan)
  const [resumed] = await play(1, { ...plan, ckptPath: join(folder, 'step=2') })
  expect(resumed?.announced).toContain('2 workers had divided, now there are 1')
  expect(resumed?.seen).toHaveLength(8)
})
