import type { HostTensor, Loader } from '@levin/core'
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
    [
      'a global batch that it lies inside of',
      new DataLoader(columns(), { batchSize: 3, shuffle: true, seed: 1 }),
      /after 1 batches of 4 samples lies inside a batch of 3/,
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
    expect(() => loader.position(0.5)).toThrow(/consumed batches.*found 0.5/)
    expect(() => loader.setEpoch(-1)).toThrow(/epoch.*found -1/)
  })
})
