import { assertAllClose } from '@levin/testing'
import { afterAll, describe, expect, test } from 'vitest'
import type { MeshOptions } from '../src/mesh.js'
import { type MeshTrained, type MeshTraining, trainMesh } from './programs/mesh-training.js'
import { inFolder, isFree, lossesOf, type Weights, weightsIn } from './support/mesh-curve.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(4)
afterAll(() => ranks.end())

const TRAINING: MeshTraining = { model: 'tied', steps: 4, batchSize: 4, samples: 22, accumulate: 4 }
const STEPS = 8

type Layout = readonly [size: number, options: MeshOptions]

const ONE: Layout = [1, {}]
const LAYOUTS: Readonly<Record<string, Layout>> = {
  'one device': ONE,
  'a pipeline of two': [2, { pipeline: 2 }],
  'a pipeline of two, interleaved, with data': [4, { data: 2, pipeline: 2, chunks: 2 }],
  'zero over four': [4, { zero: 1 }],
}

const train = async ([size, options]: Layout, training: MeshTraining): Promise<readonly MeshTrained[]> =>
  size === 1
    ? [await trainMesh(training, { size })]
    : ranks.run<MeshTrained>('meshTrain', { ...training, options }, { size })

let reference: Promise<{ losses: readonly number[]; weights: Weights }> | undefined

const undisturbed = () => {
  reference ??= inFolder(async (to) => {
    const trained = await train(ONE, { ...TRAINING, steps: STEPS, to })
    return { losses: lossesOf(trained, {}), weights: await weightsIn(to) }
  })
  return reference
}

// Each layout's checkpoint on the next one, and on the one after that.
const names = Object.keys(LAYOUTS)
const ways = names.flatMap((from, index) =>
  [1, 2].map((step) => [from, names[(index + step) % names.length] as string] as const),
)

describe.each(ways)('a checkpoint of %s on %s', (from, to) => {
  test('goes on as if nothing had happened', () =>
    inFolder(async (first) => {
      await train(LAYOUTS[from] as Layout, { ...TRAINING, to: first })
      return inFolder(async (last) => {
        const [size, options] = LAYOUTS[to] as Layout
        const trained = await train([size, options], { ...TRAINING, steps: STEPS, from: first, to: last })
        const { losses, weights } = await undisturbed()
        const own = lossesOf(trained, size === 1 ? {} : options)
        assertAllClose(own, losses.slice(-own.length), { rtol: 1e-5, atol: 1e-7 }, 'losses')
        expect(own.length).toBeLessThan(losses.length)
        const saved = await weightsIn(last)
        for (const [path, { values }] of weights)
          if (!isFree(path)) assertAllClose(saved.get(path)?.values ?? [], values, { rtol: 1e-4, atol: 1e-4 }, path)
      })
    }))
})
