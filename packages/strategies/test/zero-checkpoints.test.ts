import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assertAllClose } from '@levin/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ZeroOptions } from '../src/zero.js'
import { trainZero, type ZeroTrained, type ZeroTraining } from './programs/zero-training.js'
import { Ranks } from './support/ranks.js'
import { lossesOf } from './support/zero-curve.js'

const ranks = new Ranks(4)
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'levin-zero-'))
})
afterAll(async () => {
  await ranks.end()
  await rm(folder, { recursive: true })
})

/** Who trains a part of the way: one device, or so many ranks. */
type Leg = 'single' | { readonly ranks: number; readonly strategy?: 'ddp'; readonly options?: ZeroOptions }

const STEPS = 3
const BASE = { batchSize: 12, samples: 50 } as const

async function run(leg: Leg, training: ZeroTraining): Promise<readonly ZeroTrained[]> {
  if (leg === 'single') return [await trainZero(training, { size: 1 })]
  const { ranks: size, ...how } = leg
  return ranks.run<ZeroTrained>('zeroTrain', { ...training, ...how }, { size })
}

/** Every kind of layout loads what every other has saved, full or in parts. */
const CHAIN: readonly Leg[] = [
  'single',
  { ranks: 2, options: { stage: 1, bucketSize: 300 } },
  { ranks: 3, options: { stage: 2, bucketSize: 500, checkpoint: 'sharded' } },
  { ranks: 4, options: { stage: 3, minimumUnitSize: 100, checkpoint: 'sharded' } },
  { ranks: 3, options: { stage: 3, minimumUnitSize: 3000 } },
  { ranks: 2, strategy: 'ddp' },
  { ranks: 2, options: { stage: 3, units: [], checkpoint: 'sharded' } },
  { ranks: 4, options: { stage: 1, checkpoint: 'sharded' } },
  'single',
]

test.each(['gpt', 'layerwise'] as const)(
  'a training of %s goes on from rank count to rank count, as if on one device',
  async (model) => {
    const straight = await trainZero({ ...BASE, model, steps: STEPS * CHAIN.length }, { size: 1 })
    for (const [index, leg] of CHAIN.entries()) {
      const at = (leg: number) => join(folder, `${model}-${leg}`)
      const trained = await run(leg, {
        ...BASE,
        model,
        steps: STEPS * (index + 1),
        from: index === 0 ? undefined : at(index - 1),
        to: at(index),
      })
      const expected = straight.losses.slice(STEPS * index, STEPS * (index + 1)).map(({ loss }) => loss)
      assertAllClose(lossesOf(trained), expected, { rtol: 1e-4, atol: 1e-6 }, `losses of leg ${index}`)
      expect(trained.map(({ tensorsLeft }) => tensorsLeft)).toEqual(trained.map(() => 0))
      const files = (await readdir(at(index))).filter((name) => name.startsWith('model'))
      const inParts = leg !== 'single' && leg.options?.checkpoint === 'sharded'
      expect(files).toHaveLength(inParts ? leg.ranks : 1)
    }
  },
)

test.each<ZeroOptions>([
  { stage: 1, bucketSize: 300 },
  { stage: 2, bucketSize: 300, checkpoint: 'sharded' },
  { stage: 3, minimumUnitSize: 100 },
  { stage: 3, minimumUnitSize: 100, checkpoint: 'sharded' },
])('the same ranks of zero(%o) go on bit for bit', async (options) => {
  const leg: Leg = { ranks: 3, options }
  const to = join(folder, `exact-${JSON.stringify(options).replaceAll(/\W+/g, '-')}`)
  const straight = await run(leg, { ...BASE, model: 'gpt', steps: 6 })
  await run(leg, { ...BASE, model: 'gpt', steps: 3, to })
  const resumed = await run(leg, { ...BASE, model: 'gpt', steps: 6, from: to })
  for (const [rank, { losses, digests, parameters }] of resumed.entries()) {
    expect(losses).toEqual(straight[rank]?.losses.slice(3))
    expect(digests).toEqual(straight[rank]?.digests.slice(3))
    expect(parameters).toEqual(straight[rank]?.parameters)
  }
})
