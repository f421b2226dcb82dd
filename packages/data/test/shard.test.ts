import type { HostTensor } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { DataLoader, distributedSampler, fromArrays, fromIterable, map } from '../src/index.js'

type Batch = { x: HostTensor }
const columns = (length: number) => fromArrays({ x: Int32Array.from({ length }, (_, i) => i) })

async function read(loader: DataLoader<Batch>): Promise<number[][]> {
  const batches: number[][] = []
  for await (const { x } of loader) batches.push([...x.data])
  return batches
}

async function places(loader: DataLoader<Batch>) {
  const found: { place: ReturnType<typeof loader.placeOf>; samples: number }[] = []
  for await (const batch of loader) found.push({ place: loader.placeOf(batch), samples: batch.x.data.length })
  return found
}

const make: Record<string, (length: number, batchSize: number, dropLast?: boolean) => DataLoader<Batch>> = {
  columns: (length, batchSize, dropLast = false) =>
    new DataLoader(columns(length), { batchSize, dropLast, shuffle: true }),
  samples: (length, batchSize, dropLast = false) =>
    new DataLoader(
      map(columns(length), (sample) => sample),
      { batchSize, dropLast, shuffle: true },
    ),
  iterable: (length, batchSize, dropLast = false) =>
    new DataLoader(fromIterable(Array.from({ length }, (_, x) => ({ x }))), { batchSize, dropLast }),
}

describe.each(Object.entries(make))('shards of a loader of %s', (_, loader) => {
  test.each([1, 2, 3, 4, 6])(
    'make the same global batches in the same order, whether there are %i or one',
    async (count) => {
      for (const length of [24, 25, 31, 35, 12, 7, 1]) {
        const whole = await read(loader(length, 12))
        const parts = await Promise.all(
          Array.from({ length: count }, (_, rank) => read(loader(length, 12 / count).shard({ rank, count }))),
        )
        const together = whole.map((_, batch) => parts.flatMap((part) => part[batch] ?? []))
        expect(together).toEqual(whole)
        const counts = parts.map((part) => part.length)
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      }
    },
  )

  test('all have the same number of batches in training, an empty one where nothing is left for a worker', async () => {
    const shards = [0, 1, 2].map((rank) => loader(14, 4).shard({ rank, count: 3, even: true }))
    const parts = await Promise.all(shards.map(read))
    expect(parts.map((part) => part.map(({ length }) => length))).toEqual([
      [4, 0],
      [4, 1],
      [4, 1],
    ])
    expect(parts.flat(2).sort((a, b) => a - b)).toEqual(Array.from({ length: 14 }, (_, i) => i))
  })

  test('know where their batches lie in the global ones, however these divide', async () => {
    for (const length of [24, 26, 25, 13]) {
      const shards = [0, 1, 2].map((rank) => loader(length, 4).shard({ rank, count: 3, even: true }))
      const batches = await Promise.all(shards.map(places))
      for (let batch = 0; batch < Math.ceil(length / 12); batch++) {
        const total = Math.min(12, length - 12 * batch)
        let first = 0
        for (const shard of batches) {
          expect(shard[batch]?.place).toEqual({ first, total })
          first += shard[batch]?.samples ?? 0
        }
        expect(first).toBe(total)
      }
    }
    const whole = loader(8, 4)
    for await (const batch of whole) expect(whole.placeOf(batch)).toBeUndefined()
  })

  test('leave out the last global batch, and nothing else, when it is to be dropped', async () => {
    const parts = await Promise.all([0, 1].map((rank) => read(loader(15, 4, true).shard({ rank, count: 2 }))))
    expect(parts.map((part) => part.map(({ length }) => length))).toEqual([[4], [4]])
  })
})

test('a shard counts its own batches and all samples', () => {
  const counts = [0, 1, 2].map((rank) => new DataLoader(columns(14), { batchSize: 4 }).shard({ rank, count: 3 }))
  expect(counts.map(({ batchCount }) => batchCount)).toEqual([1, 2, 2])
  expect(counts.map(({ sampleCount }) => sampleCount)).toEqual([14, 14, 14])
  expect(new DataLoader(columns(14), { batchSize: 4 }).shard({ rank: 0, count: 3, even: true }).batchCount).toBe(2)
})

test('of the lists of a batch sampler, each lies after the lists of the workers before', async () => {
  const lists = [[0], [1, 2, 3], [4, 5], [6], [7, 8]]
  const batchSampler = { count: () => lists.length, batches: () => lists }
  const shards = [0, 1].map((rank) =>
    new DataLoader(columns(9), { batchSampler }).shard({ rank, count: 2, even: true }),
  )
  expect((await Promise.all(shards.map(places))).map((shard) => shard.map(({ place }) => place))).toEqual([
    [
      { first: 0, total: 4 },
      { first: 0, total: 3 },
      { first: 0, total: 2 },
    ],
    [
      { first: 1, total: 4 },
      { first: 2, total: 3 },
      { first: 0, total: 2 },
    ],
  ])
})

test('an empty batch has the structure of the others', async () => {
  const dataset = fromArrays({ image: { data: new Float32Array(3 * 4), shape: [3, 2, 2] }, name: ['a', 'b', 'c'] })
  for (const source of [dataset, map(dataset, (sample) => sample)]) {
    const loader = new DataLoader(source, { batchSize: 1 }).shard({ rank: 0, count: 2, even: true })
    const batches: unknown[] = []
    for await (const batch of loader) batches.push(batch)
    expect(batches[1]).toEqual({ image: { data: new Float32Array(0), shape: [0, 2, 2], dtype: 'float32' }, name: [] })
  }
})

test('the lists of a batch sampler go round the workers', async () => {
  const batchSampler = { count: () => 5, batches: () => [[0], [1, 2], [3], [4, 5], [6]] }
  const shards = [0, 1].map((rank) => new DataLoader(columns(7), { batchSampler }).shard({ rank, count: 2 }))
  expect(await Promise.all(shards.map(read))).toEqual([
    [[0], [3]],
    [[1, 2], [4, 5], [6]],
  ])
})

test('the distributed sampler gives what shard() gives', async () => {
  for (const rank of [0, 1, 2]) {
    const sampler = distributedSampler({ rank, count: 3, batchSize: 4, shuffle: true })
    const sampled = await read(new DataLoader(columns(31), { batchSize: 4, sampler, seed: 5 }))
    const sharded = new DataLoader(columns(31), { batchSize: 4, shuffle: true, seed: 5 }).shard({ rank, count: 3 })
    expect(sampled).toEqual(await read(sharded))
  }
})

test('what is one part already is not divided again, and a rank must exist', () => {
  const loader = new DataLoader(columns(8))
  expect(() => loader.shard({ rank: 0, count: 2 }).shard({ rank: 0, count: 2 })).toThrow(/one part of the data already/)
  const sampler = distributedSampler({ rank: 0, count: 2, batchSize: 1 })
  expect(() => new DataLoader(columns(8), { sampler }).shard({ rank: 0, count: 2 })).toThrow(
    /Leave out the distributed sampler/,
  )
  expect(() => loader.shard({ rank: 2, count: 2 })).toThrow(/rank.*from 0 to 1, found 2/)
})

test('a loader whose shards would all be empty is refused, with the size of the global batch', () => {
  const loader = new DataLoader(columns(7), { batchSize: 4, dropLast: true })
  expect(() => loader.shard({ rank: 0, count: 2 })).toThrow(
    expect.objectContaining({
      code: 'LEVIN_EMPTY_LOADER',
      message: expect.stringMatching(/at least 8 samples.*found 7/),
    }),
  )
})
