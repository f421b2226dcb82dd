import { assertAllClose, type StrategyOutcome } from '@levin/testing'
import { afterAll, describe, expect, test } from 'vitest'
import type { DdpOptions } from '../src/index.js'
import { samplesFor } from './programs/models.js'
import type { World } from './programs/protocol.js'
import { type Trained, type Training, train } from './programs/training.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(4)
afterAll(() => ranks.end())

const onRanks = (training: Training, world: World) => ranks.run<Trained>('train', training, world)

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const range = (length: number): number[] => Array.from({ length }, (_, i) => i)

const bytesOf = (parts: readonly Trained[]): number => sum(parts.map(({ bytesSent }) => bytesSent))

function expectSameEverywhere(parts: readonly Trained[], from = 0): void {
  for (const { digests, parameters, buffers, tensorsLeft } of parts) {
    expect(digests.slice(from)).toEqual(parts[0]?.digests.slice(from))
    expect(parameters).toEqual(parts[0]?.parameters)
    expect(buffers).toEqual(parts[0]?.buffers)
    expect(tensorsLeft).toBe(0)
  }
}

const MLP: Training = { model: 'mlp', steps: 40, batchSize: 24, samples: 96 }
const MLP_NUMBERS = 12 * 160 + 160 + 160 * 160 + 160 + 160 * 5 + 5

describe.each<World>([{ size: 2 }, { size: 3 }, { size: 2, form: 'asynchronous' }])(
  'compressed gradients on $size ranks, $form',
  (world) => {
    test('of bfloat16 train nearly as exact ones do, and send half', async () => {
      const exact = await onRanks(MLP, world)
      const parts = await onRanks({ ...MLP, options: { compression: 'bf16' } }, world)
      expectSameEverywhere(parts)
      const last = ({ losses }: Trained) => sum(losses.slice(-4).map(({ loss }) => loss)) / 4
      expect(last(parts[0] as Trained)).toBeLessThan(0.5 * (parts[0]?.losses[0]?.loss as number))
      expect(parts[0]?.losses).not.toEqual(exact[0]?.losses)
      const [first, second] = [exact[0] as Trained, parts[0] as Trained]
      expect(bytesOf(parts)).toBeLessThan(0.52 * bytesOf(exact))
      expect(second.said).toMatch(/bfloat16.*differ from those of one device/)
      expect(first.said).toBe('')
    })

    test('of low rank begin after the first steps, train, and send less', async () => {
      const options: DdpOptions = { compression: { kind: 'powerSGD', rank: 2, startStep: 10 } }
      const exact = await onRanks(MLP, world)
      const parts = await onRanks({ ...MLP, options }, world)
      expectSameEverywhere(parts)
      const [first, second] = [exact[0] as Trained, parts[0] as Trained]
      expect(second.digests.slice(0, 10)).toEqual(first.digests.slice(0, 10))
      expect(second.digests[10]).not.toEqual(first.digests[10])
      expect(sum(second.losses.slice(-4).map(({ loss }) => loss)) / 4).toBeLessThan(
        0.5 * (second.losses[0]?.loss as number),
      )
      // What follows from the shapes: [12, 160], [160, 160] and [160, 5] as two factors each.
      const fewer = MLP_NUMBERS - 12 * 160 - 160 * 160 - 160 * 5 + 2 * (172 + 320 + 165)
      expect(bytesOf(parts) / bytesOf(exact)).toBeCloseTo((9 + (30 * fewer) / MLP_NUMBERS) / 39, 1)
      expect(second.said).toMatch(/from step 10 on.*rank 2 \(PowerSGD\).*not in checkpoints/)
    })
  },
)

const LINE: Training = { model: 'line', steps: 11, batchSize: 12, samples: 48, shuffle: false }

interface Outer {
  readonly learningRate: number
  readonly momentum: number
  readonly nesterov: boolean
}

/** Local SGD with an outer optimizer, or without, on plain arrays. */
function referenceLine(size: number, start: Float32Array, localSteps: number, outer?: Outer) {
  const [x, y] = lineData()
  const { steps, batchSize, samples } = LINE
  let shared = [...start]
  const momentum = shared.map(() => 0)
  let local = range(size).map(() => [...shared])
  let inRound = 0
  const endRound = () => {
    const mean = shared.map((_, i) => sum(local.map((weights) => weights[i] as number)) / size)
    shared = shared.map((before, i) => {
      if (!outer) return mean[i] as number
      const gradient = before - (mean[i] as number)
      momentum[i] = outer.momentum * (momentum[i] as number) + gradient
      const direction = outer.nesterov ? gradient + outer.momentum * (momentum[i] as number) : (momentum[i] as number)
      return before - outer.learningRate * direction
    })
    local = local.map(() => [...shared])
    inRound = 0
  }
  for (const step of range(steps)) {
    const part = batchSize / size
    local = local.map((weights, rank) => {
      const rows = range(part).map((i) => ((step * batchSize) % samples) + rank * part + i)
      const errors = rows.map((row) => sum(weights.map((w, k) => w * (x[row * 12 + k] as number))) - (y[row] as number))
      return weights.map(
        (w, k) =>
          w - (0.05 * 2 * sum(rows.map((row, i) => (errors[i] as number) * (x[row * 12 + k] as number)))) / part,
      )
    })
    if (++inRound === localSteps) endRound()
  }
  // The end of a fit ends the round.
  if (inRound > 0) endRound()
  return shared
}

function lineData(): [x: number[], y: number[]] {
  const dataset = samplesFor('line', 48)
  const rows = range(48).map((i) => dataset.get(i) as { x: { data: Float32Array }; y: number })
  return [rows.flatMap(({ x }) => [...x.data]), rows.map(({ y }) => y)]
}

describe('ranks that train alone', () => {
  test.each<[World, DdpOptions]>([
    [{ size: 2 }, { localSteps: 1 }],
    [{ size: 3 }, { localSteps: 4 }],
    [{ size: 2, form: 'asynchronous' }, { localSteps: 4 }],
    [{ size: 2 }, { localSteps: 3, outer: { learningRate: 0.6, momentum: 0.8, nesterov: true } }],
    [
      { size: 3, backend: 'cpu' },
      { localSteps: 3, outer: { learningRate: 0.7, momentum: 0.5, nesterov: false } },
    ],
    [{ size: 1 }, { localSteps: 3, outer: { learningRate: 0.5, momentum: 0.9, nesterov: true } }],
  ])('do what the algorithm says: %j, %j', async (world, options) => {
    const parts = await onRanks({ ...LINE, options }, world)
    const { parameters } = await train({ ...LINE, steps: 0 }, { ...world, size: 1 })
    const start = parameters[0]?.[1] as Float32Array
    const outer = options.outer as Outer | undefined
    const expected = referenceLine(world.size, start, options.localSteps as number, outer)
    for (const { parameters } of parts)
      assertAllClose(parameters[0]?.[1] as Float32Array, expected, { rtol: 1e-4, atol: 1e-5 }, 'parameters')
    expectSameEverywhere(parts, LINE.steps)
  })

  test('differ within a round, are the same at its end, and send once a round', async () => {
    // One epoch: at the end of each, ranks merge what was logged.
    const training = { ...MLP, samples: 24 * 40 }
    const every = await onRanks(training, { size: 2 })
    const parts = await onRanks({ ...training, options: { localSteps: 8 } }, { size: 2 })
    const same = range(40).filter((step) => parts[0]?.digests[step] === parts[1]?.digests[step])
    expect(same).toEqual([7, 15, 23, 31, 39])
    expect(bytesOf(parts)).toBeLessThan(0.14 * bytesOf(every))
    expect(parts[0]?.operations).toBeLessThan(0.15 * (every[0]?.operations as number))
    expect(parts[0]?.said).toMatch(/every rank trains alone for 8 updates.*differ from those of one device/)
  })

  test.each<DdpOptions>([{ localSteps: 3 }, { localSteps: 3, outer: { learningRate: 0.6, momentum: 0.8 } }])(
    'go on bit for bit from a checkpoint, which ends a round: %j',
    async (options) => {
      const scenario = { epochs: 3, batches: 4, batchSize: 8, lastBatchSize: 8, accumulate: 1 }
      const play = (resumeAfter?: number) =>
        ranks.run<StrategyOutcome>(
          'scenario',
          { scenario: { ...scenario, ...(resumeAfter === undefined ? {} : { resumeAfter }) }, options },
          { size: 2 },
        )
      const [straight, resumed] = [await play(), await play(1)]
      for (const [rank, { losses, final, error, tensorsLeft }] of resumed.entries()) {
        expect(error).toBeUndefined()
        expect(losses).toEqual(straight[rank]?.losses)
        expect(final).toEqual(straight[0]?.final)
        expect(tensorsLeft).toBe(0)
      }
    },
  )

  test('have running statistics of their own, whose mean all hold at the end', async () => {
    const parts = await onRanks({ ...MLP, model: 'cnn', steps: 10, options: { localSteps: 4, outer: {} } }, { size: 3 })
    expectSameEverywhere(parts, 10)
    expect(parts[0]?.said).toMatch(/BatchNorm\(4\).*BatchNorm\(8\).*workers cannot exchange them within a step/)
  })
})

describe('batch norm', () => {
  const CNN: Training = { model: 'cnn', steps: 12, batchSize: 12, samples: 30 }

  test('has the running statistics of one device', async () => {
    const parts = await onRanks(CNN, { size: 3 })
    const alone = await train(CNN, { size: 1 })
    expectSameEverywhere(parts)
    for (const [index, [path, values]] of alone.buffers.entries())
      assertAllClose(parts[0]?.buffers[index]?.[1] ?? [], values, { rtol: 1e-4, atol: 1e-5 }, path)
    expect(parts[0]?.said).toBe('')
  })

  test.each<[string, Partial<Training>, World, RegExp]>([
    ['is turned off', { syncBatchNorm: false }, { size: 2 }, /since syncBatchNorm is off/],
    [
      'needs ranks that block',
      {},
      { size: 2, form: 'asynchronous' },
      /workers cannot exchange them within a step here/,
    ],
  ])(
    'says so where it %s, and rank 0 has the running statistics of all at the end',
    async (_why, changed, world, said) => {
      const training = { ...CNN, samples: 36, ...changed }
      const parts = await onRanks(training, world)
      expectSameEverywhere(parts)
      expect(parts[0]?.said).toMatch(said)
      const alone = await train(training, { size: 1 })
      expect(parts[0]?.buffers).not.toEqual(alone.buffers)
    },
  )
})

describe('manual optimization', () => {
  test.each<World>([{ size: 2 }, { size: 3 }, { size: 2, backend: 'cpu' }, { size: 4, form: 'overlapping' }])(
    'has the parameters of one device on $size ranks, $form $backend',
    async (world) => {
      const training: Training = { model: 'byHand', steps: 12, batchSize: 12, samples: 31 }
      const parts = await onRanks(training, world)
      const alone = await train(training, { ...world, size: 1 })
      expectSameEverywhere(parts)
      for (const [index, [path, values]] of alone.parameters.entries())
        assertAllClose(parts[0]?.parameters[index]?.[1] ?? [], values, { rtol: 1e-5, atol: 1e-6 }, path)
    },
  )

  test('is refused where a rank cannot block', async () => {
    const training: Training = { model: 'byHand', steps: 1, batchSize: 12, samples: 31 }
    await expect(onRanks(training, { size: 2, form: 'asynchronous' })).rejects.toThrow(
      /'ddp' does not support manual optimization/,
    )
  })
})
