import type { HostTensor, Loader, LoaderPosition } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { DataLoader, fromArrays, fromIterable, fromSamples, map, weightedSampler } from '../src/index.js'

type Batch = { x: HostTensor }

const LENGTH = 23
const columns = () => fromArrays({ x: Int32Array.from({ length: LENGTH }, (_, i) => i) })
const samples = Array.from({ length: LENGTH }, (_, x) => ({ x }))

async function* generate() {
  yield* samples
}

const loaders: Record<string, () => DataLoader<Batch>> = {
  sequential: () => new DataLoader(columns(), { batchSize: 4 }),
  shuffled: () => new DataLoader(columns(), { batchSize: 4, shuffle: true, seed: 11 }),
  'shuffled, last dropped': () => new DataLoader(columns(), { batchSize: 4, shuffle: true, dropLast: true }),
  'shuffled, second of three workers': () =>
    new DataLoader(columns(), { batchSize: 2, shuffle: true }).shard({ rank: 1, count: 3 }),
  weighted: () =>
    new DataLoader(columns(), { batchSize: 4, sampler: weightedSampler({ weights: samples.map(({ x }) => x + 1) }) }),
  'batch sampler': () =>
    new DataLoader(columns(), { batchSampler: { batches: ({ epoch }) => [[epoch, 1], [2], [3, 4, 5], [6]] } }),
  'prefetched, asynchronous': () =>
    new DataLoader(
      map(columns(), async (sample) => sample),
      { batchSize: 4, shuffle: true, prefetch: 3 },
    ),
  'iterable, synchronous': () => new DataLoader(fromIterable(samples), { batchSize: 4 }),
  'generator, asynchronous': () => new DataLoader(fromIterable(generate), { batchSize: 4, prefetch: 3 }),
  'generator, first of two workers': () =>
    new DataLoader(fromIterable(generate), { batchSize: 4 }).shard({ rank: 0, count: 2 }),
}

async function read(loader: Loader<Batch>, limit = Number.POSITIVE_INFINITY): Promise<number[][]> {
  const batches: number[][] = []
  const iterator = loader[Symbol.iterator]?.() ?? loader[Symbol.asyncIterator]?.()
  while (batches.length < limit) {
    const result = await iterator?.next()
    if (!result || result.done) break
    batches.push([...result.value.x.data])
  }
  await iterator?.return?.()
  return batches
}

describe.each(Object.entries(loaders))('a loader that is %s', (_, make) => {
  test('continues from any point, in a new process, with exactly the batches that would have come', async () => {
    const reference = make()
    reference.setEpoch(3)
    const whole = await read(reference)
    expect(whole.length).toBeGreaterThan(2)
    for (let consumed = 0; consumed <= whole.length; consumed++) {
      const interrupted = make()
      interrupted.setEpoch(3)
      expect(await read(interrupted, consumed)).toEqual(whole.slice(0, consumed))
      const position = JSON.parse(JSON.stringify(interrupted.position(consumed)))
      const resumed = make()
      resumed.seek(position)
      resumed.setEpoch(3)
      expect(await read(resumed)).toEqual(whole.slice(consumed))
      resumed.setEpoch(4)
      reference.setEpoch(4)
      expect(await read(resumed)).toEqual(await read(reference))
    }
  })

  test('counts its batches', async () => {
    const loader = make()
    if (loader.batchCount !== undefined) expect(await read(loader)).toHaveLength(loader.batchCount)
  })
})

describe('a position', () => {
  test('is of one iteration: the next one starts at the beginning', async () => {
    const loader = new DataLoader(columns(), { batchSize: 4 })
    loader.seek({ epoch: 0, batch: 5 })
    expect(await read(loader)).toHaveLength(1)
    expect(await read(loader)).toHaveLength(6)
  })

  test('is forgotten when another epoch begins', async () => {
    const loader = new DataLoader(columns(), { batchSize: 4 })
    loader.seek({ epoch: 0, batch: 5 })
    loader.setEpoch(1)
    expect(await read(loader)).toHaveLength(6)
  })

  test('holds for another number of workers with the same or a fitting global batch', async () => {
    const one = new DataLoader(columns(), { batchSize: 8, shuffle: true })
    const whole = await read(one)
    const position = one.position(1)
    const parts = await Promise.all(
      [0, 1].map((rank) => {
        const part = new DataLoader(columns(), { batchSize: 4, shuffle: true }).shard({ rank, count: 2 })
        part.seek(position)
        return read(part)
      }),
    )
    expect(parts[0]?.map((batch, i) => [...batch, ...(parts[1]?.[i] ?? [])])).toEqual(whole.slice(1))
    const halves = new DataLoader(columns(), { batchSize: 4, shuffle: true })
    halves.seek(position)
    expect((await read(halves)).flat()).toEqual(whole.slice(1).flat())
  })

  test.each([
    ['another seed', new DataLoader(columns(), { batchSize: 4, shuffle: true, seed: 2 }), /seed changed.*1, found 2/],
    [
      'other data',
      new DataLoader(fromSamples(samples.slice(1)), { batchSize: 4, shuffle: true, seed: 1 }),
      /samples per epoch changed.*23, found 22/,
    ],
  ])('is refused with %s', (_, loader, message) => {
    const { epoch, batch, ...rest } = new DataLoader(columns(), { batchSize: 4, shuffle: true, seed: 1 }).position(1)
    loader.seek({ epoch, batch, ...rest })
    expect(() => loader[Symbol.iterator]?.()).toThrow(
      expect.objectContaining({ code: 'LEVIN_DATA', message: expect.stringMatching(message) }),
    )
  })

  test('is refused where it is none', () => {
    const loader = new DataLoader(columns())
    expect(() => loader.seek({ epoch: 0, batch: -1 })).toThrow(/no position.*batch -1/)
    expect(() => loader.seek({ epoch: 0, batch: 1, sample: 0.5 })).toThrow(/no position.*sample 0.5/)
    expect(() => loader.seek({ epoch: 0, batch: 1, globalBatch: 0 })).toThrow(/no position/)
    expect(() => loader.position(0.5)).toThrow(/consumed batches.*found 0.5/)
    expect(() => loader.setEpoch(-1)).toThrow(/epoch.*found -1/)
  })
})

/** Workers of a loader, sought together; what they read, batch by batch, over all of them. */
interface Workers {
  readonly shards: readonly DataLoader<Batch>[]
  readonly first: number
}

const KINDS: Record<string, (batchSize: number) => DataLoader<Batch>> = {
  shuffled: (batchSize) => new DataLoader(columns(), { batchSize, shuffle: true, seed: 5 }),
  'shuffled, asynchronous': (batchSize) =>
    new DataLoader(
      map(columns(), async (sample) => sample),
      { batchSize, shuffle: true, seed: 5 },
    ),
  iterable: (batchSize) => new DataLoader(fromIterable(generate), { batchSize }),
}

function workers(make: () => DataLoader<Batch>, count: number, position?: LoaderPosition): Workers {
  const shards = Array.from({ length: count }, (_, rank) => make().shard({ rank, count, even: true }))
  const starts = shards.map((shard) => {
    shard.setEpoch(2)
    return position ? shard.seek(JSON.parse(JSON.stringify(position))) : 0
  })
  expect(new Set(starts).size).toBe(1)
  return { shards, first: starts[0] as number }
}

/** Reads up to `limit` global batches; says where the next one begins, and where each of these lies. */
async function readTogether({ shards, first }: Workers, limit = Number.POSITIVE_INFINITY) {
  const parts = await Promise.all(shards.map((shard) => read(shard, limit)))
  const batches = (parts[0] ?? []).map((_, batch) => parts.flatMap((part) => part[batch] ?? []))
  expect(new Set(parts.map(({ length }) => length)).size).toBe(1)
  return { batches, position: (shards[0] as DataLoader<Batch>).position(first + batches.length) }
}

describe.each(Object.entries(KINDS))('an epoch of a loader that is %s', (_, make) => {
  test('is read once, in one order, whatever workers and sizes of batches share it between its checkpoints', async () => {
    const { batches: whole } = await readTogether(workers(() => make(LENGTH), 1))
    const [order] = whole as [number[]]
    expect(new Set(order).size).toBe(LENGTH)
    for (const [firstCount, firstSize] of [
      [1, 4],
      [2, 3],
      [3, 2],
    ] as const) {
      for (const [count, size] of [
        [1, 3],
        [2, 4],
        [3, 1],
        [4, 2],
        [1, 40],
      ] as const) {
        for (let consumed = 0; consumed * firstCount * firstSize < LENGTH + firstCount * firstSize; consumed++) {
          const begun = await readTogether(
            workers(() => make(firstSize), firstCount),
            consumed,
          )
          const sample = begun.batches.flat().length
          const counted = begun.position.sample as number
          // Who does not know the length of the data counts the last batch as full.
          expect(Math.min(counted, LENGTH)).toBe(sample)
          const middle = workers(() => make(size), count, begun.position)
          expect(middle.first).toBe(Math.floor(counted / (count * size)))
          const more = await readTogether(middle, 1)
          // What is left is divided from there on: full batches of the new size, and the rest.
          const expected = order.slice(sample, sample + count * size)
          expect(more.batches).toEqual(expected.length ? [expected] : [])
          const rest = await readTogether(workers(() => make(firstSize), firstCount, more.position))
          expect([...begun.batches, ...more.batches, ...rest.batches].flat()).toEqual(order)
          const at = more.position.sample as number
          expect(rest.batches).toEqual(chunks(order.slice(at), firstCount * firstSize))
        }
      }
    }
  })
})

const chunks = (values: number[], size: number): number[][] =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size))

test('an epoch that was begun with other batches says where each batch lies in its global one', () => {
  const before = new DataLoader(columns(), { batchSize: 5, shuffle: true })
  const parts = [0, 1].map((rank) => {
    const part = new DataLoader(columns(), { batchSize: 4, shuffle: true }).shard({ rank, count: 2, even: true })
    part.seek(before.position(1))
    return part
  })
  // 18 samples are left, of which the last two make a batch of their own.
  const places = parts.map((part) => Array.from(part as Iterable<Batch>, (batch) => part.placeOf(batch as never)))
  expect(places[0]).toEqual([8, 8, 2].map((total) => ({ first: 0, total })))
  expect(places[1]).toEqual([8, 8, 2].map((total) => ({ first: total / 2, total })))
})

test('the next epoch begins at its beginning, and its positions count from there', async () => {
  const loader = new DataLoader(columns(), { batchSize: 4 })
  loader.seek(new DataLoader(columns(), { batchSize: 3 }).position(2))
  expect(loader.position(1)).toMatchObject({ batch: 1, sample: 6 })
  await read(loader)
  expect(loader.position(2)).toMatchObject({ batch: 2, sample: 10 })
  loader.setEpoch(1)
  expect(loader.position(2)).toMatchObject({ batch: 2, sample: 8 })
})
