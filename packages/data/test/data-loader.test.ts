import type { HostTensor } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { DataLoader, fromArrays, fromIterable, map, randomSampler, sequentialSampler } from '../src/index.js'

const numbered = (length: number) => fromArrays({ x: Int32Array.from({ length }, (_, i) => i) })

async function values(loader: DataLoader<{ x: HostTensor }>): Promise<number[][]> {
  const batches: number[][] = []
  for await (const { x } of loader) batches.push([...x.data])
  return batches
}

describe('DataLoader', () => {
  test('yields every sample once, in order, with a smaller last batch', async () => {
    const loader = new DataLoader(numbered(5), { batchSize: 2 })
    expect(await values(loader)).toEqual([[0, 1], [2, 3], [4]])
    expect(loader.batchCount).toBe(3)
    expect(loader.sampleCount).toBe(5)
  })

  test('leaves out a last batch that is not full when asked to', async () => {
    const loader = new DataLoader(numbered(5), { batchSize: 2, dropLast: true })
    expect(await values(loader)).toEqual([
      [0, 1],
      [2, 3],
    ])
    expect(loader.batchCount).toBe(2)
  })

  test('has a synchronous iterator where nothing has to be waited for, and none elsewhere', () => {
    expect(Symbol.iterator in new DataLoader(numbered(2))).toBe(true)
    expect(Symbol.iterator in new DataLoader([{ x: 1 }])).toBe(true)
    expect(Symbol.iterator in new DataLoader(new Set([1, 2]))).toBe(true)
    expect(Symbol.iterator in new DataLoader(map(numbered(2), (sample) => sample))).toBe(false)
    expect(Symbol.iterator in new DataLoader(numbered(2), { transform: (sample) => sample })).toBe(false)
    const now = new DataLoader(numbered(2), { transform: (sample) => sample, synchronous: true })
    expect([...(now as Iterable<{ x: HostTensor }>)].map(({ x }) => [...x.data])).toEqual([[0], [1]])
  })

  test('keeps the batches it has yielded: none is written into again', () => {
    const batches = [...(new DataLoader(numbered(4), { batchSize: 2 }) as Iterable<{ x: HostTensor }>)]
    expect(batches.map(({ x }) => [...x.data])).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  test('shuffles by seed and epoch: all samples, another order in each epoch, the same order when asked again', async () => {
    const loader = new DataLoader(numbered(50), { batchSize: 50, shuffle: true, seed: 3 })
    const first = (await values(loader))[0] as number[]
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(first).not.toEqual([...first].sort((a, b) => a - b))
    expect((await values(loader))[0]).toEqual(first)
    loader.setEpoch(1)
    expect((await values(loader))[0]).not.toEqual(first)
    loader.setEpoch(0)
    expect((await values(loader))[0]).toEqual(first)
    expect((await values(new DataLoader(numbered(50), { batchSize: 50, shuffle: true, seed: 4 })))[0]).not.toEqual(
      first,
    )
  })

  test('takes the seed of the run unless it was given one', async () => {
    const order = async (options: { seed?: number }, seed?: number) => {
      const loader = new DataLoader(numbered(20), { batchSize: 20, shuffle: true, ...options })
      if (seed !== undefined) loader.setSeed(seed)
      return (await values(loader))[0]
    }
    expect(await order({}, 5)).toEqual(await order({ seed: 5 }))
    expect(await order({ seed: 5 }, 6)).toEqual(await order({ seed: 5 }))
  })

  test('transforms samples and batches, and tells transforms where they are', async () => {
    const seen: unknown[] = []
    const loader = new DataLoader(numbered(3), {
      batchSize: 2,
      seed: 9,
      transform: ({ x }, context) => {
        seen.push(context)
        return x * 10
      },
      transformBatch: async (batch) => ({ x: batch }),
    })
    loader.setEpoch(4)
    expect(await values(loader)).toEqual([[0, 10], [20]])
    expect(seen).toEqual([0, 1, 2].map((index) => ({ index, epoch: 4, seed: 9 })))
  })

  test('collates with a function of the user, also over several workers', async () => {
    const loader = new DataLoader([1, 2, 3], { batchSize: 2, collate: (samples) => samples.join('+') })
    const batches: string[] = []
    for await (const batch of loader) batches.push(batch)
    expect(batches).toEqual(['1+2', '3'])
  })

  test('batches as a batch sampler says', async () => {
    const lists = [[3, 0], [1], [2, 4, 4]]
    const loader = new DataLoader(numbered(5), { batchSampler: { count: () => 3, batches: () => lists } })
    expect(await values(loader)).toEqual(lists)
    expect(loader.batchCount).toBe(3)
    expect(new DataLoader(numbered(5), { batchSampler: { batches: () => lists } }).batchCount).toBeUndefined()
  })

  test('passes samples through as batches when there is no batch size', async () => {
    const batch = { x: { data: Float32Array.of(1, 2), shape: [2], dtype: 'float32' as const } }
    const loader = new DataLoader([batch], { batchSize: null })
    for await (const same of loader) expect(same).toBe(batch)
    expect(loader.batchSize).toBeUndefined()
  })

  test('prepares the next batches while one is in use, as many as asked for and no more', async () => {
    for (const prefetch of [0, 1, 3]) {
      let read = 0
      const dataset = { length: 20, get: async () => ({ x: ++read }) }
      const iterator = new DataLoader(dataset, { batchSize: 2, prefetch })[Symbol.asyncIterator]()
      await iterator.next()
      await new Promise((resolve) => setTimeout(resolve, 0))
      expect(read).toBe(2 * (1 + prefetch))
      await iterator.return?.()
    }
  })

  test('reads an asynchronous dataset in order, whatever order the samples arrive in', async () => {
    const dataset = {
      length: 9,
      get: (x: number) => new Promise<{ x: number }>((resolve) => setTimeout(() => resolve({ x }), (9 - x) * 2)),
    }
    expect(await values(new DataLoader(dataset, { batchSize: 2 }))).toEqual([[0, 1], [2, 3], [4, 5], [6, 7], [8]])
  })

  test('passes on an error of the dataset at its batch, after the batches before it', async () => {
    const dataset = {
      length: 6,
      get: async (x: number) => {
        if (x === 4) throw new Error('unreadable')
        return { x }
      },
    }
    const iterator = new DataLoader(dataset, { batchSize: 2, prefetch: 5 })[Symbol.asyncIterator]()
    expect((await iterator.next()).done).toBe(false)
    expect((await iterator.next()).done).toBe(false)
    await expect(iterator.next()).rejects.toThrow('unreadable')
    expect((await iterator.next()).done).toBe(true)
  })

  test.each([
    ['a batch size of 0', { batchSize: 0 }, 'LEVIN_BAD_OPTION', /batchSize.*at least 1, found 0/],
    ['a batch size that is not whole', { batchSize: 2.5 }, 'LEVIN_BAD_OPTION', /batchSize.*found 2.5/],
    ['a negative prefetch', { prefetch: -1 }, 'LEVIN_BAD_OPTION', /prefetch.*0 or more, found -1/],
    ['a seed that is not whole', { seed: 0.5 }, 'LEVIN_BAD_OPTION', /seed.*found 0.5/],
    [
      'shuffle beside a sampler',
      { shuffle: true, sampler: randomSampler() },
      'LEVIN_BAD_OPTION',
      /shuffle or sampler, not both/,
    ],
    [
      'a batch sampler beside a batch size',
      { batchSize: 2, batchSampler: { batches: () => [] } },
      'LEVIN_BAD_OPTION',
      /batchSampler or batchSize/,
    ],
    [
      'an option that it does not have',
      { numWorkers: 2 } as object,
      'LEVIN_BAD_OPTION',
      /no option 'numWorkers'.*batchSize/,
    ],
    [
      'nothing but a batch that is dropped',
      { batchSize: 4, dropLast: true },
      'LEVIN_EMPTY_LOADER',
      /at least 4 samples.*found 3/,
    ],
  ])('refuses %s', (_, options, code, message) => {
    expect(() => new DataLoader(numbered(3), options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })

  test('refuses datasets without samples, things that are none, and shuffling what cannot be indexed', () => {
    expect(() => new DataLoader([])).toThrow(expect.objectContaining({ code: 'LEVIN_EMPTY_LOADER' }))
    expect(() => new DataLoader(7 as unknown as number[])).toThrow(/no dataset.*fromArrays/)
    expect(() => new DataLoader(fromIterable([1]), { shuffle: true })).toThrow(/shuffle needs a dataset.*any order/)
    expect(() => new DataLoader(fromIterable([1]), { sampler: sequentialSampler() })).toThrow(/sampler needs/)
  })

  test('says so when something called synchronous is not', () => {
    const loader = new DataLoader({ length: 1, synchronous: true, get: async () => 1 })
    expect(() => [...(loader as Iterable<unknown>)]).toThrow(/called synchronous.*found a Promise/)
  })

  test('refuses samplers that do not fit: indices out of range, or another number than they say', async () => {
    const loader = (order: number[], count = order.length) =>
      new DataLoader(numbered(3), { sampler: { count: () => count, order: () => order } })
    await expect(values(loader([0, 3]))).rejects.toThrow(/from 0 to 2, found 3/)
    await expect(values(loader([-1]))).rejects.toThrow(/found -1/)
    await expect(values(loader([0.5]))).rejects.toThrow(/found 0.5/)
    const typed = { count: () => 1, order: () => Uint32Array.of(7) }
    await expect(values(new DataLoader(numbered(3), { sampler: typed }))).rejects.toThrow(/found 7/)
    await expect(values(loader([0, 1], 3))).rejects.toThrow(/3 indices.*found 2/)
  })
})

describe('recycling', () => {
  const iterate = (loader: DataLoader<{ x: HostTensor }>) => (loader as Iterable<{ x: HostTensor }>)[Symbol.iterator]()

  test('fills the buffers of a batch that was handed back, and no other', () => {
    const loader = new DataLoader(numbered(8), { batchSize: 2 })
    const batches = iterate(loader)
    const [first, second] = [batches.next().value, batches.next().value]
    loader.recycle(first)
    loader.recycle(first)
    const [third, fourth] = [batches.next().value, batches.next().value]
    expect(third.x.data).toBe(first.x.data)
    expect([...third.x.data]).toEqual([4, 5])
    expect([...second.x.data]).toEqual([2, 3])
    expect([...fourth.x.data]).toEqual([6, 7])
  })

  test('fills buffers again for samples that were stacked, too', () => {
    const loader = new DataLoader([{ x: [1, 2] }, { x: [3, 4] }, { x: [5, 6] }], {})
    const batches = iterate(loader)
    const first = batches.next().value
    loader.recycle(first)
    const second = batches.next().value
    expect(second.x.data).toBe(first.x.data)
    expect([...second.x.data]).toEqual([3, 4])
    expect([...batches.next().value.x.data]).toEqual([5, 6])
  })

  test('takes nothing that the loader did not make, or that a function of the user has seen', () => {
    const stranger = Int32Array.of(-1, -1)
    const loader = new DataLoader(numbered(4), { batchSize: 2 })
    loader.recycle({ x: { data: stranger, shape: [2], dtype: 'int32' } })
    expect(iterate(loader).next().value.x.data).not.toBe(stranger)
    const kept = new DataLoader(numbered(4), { batchSize: 2, transformBatch: (batch) => batch, synchronous: true })
    const batches = iterate(kept)
    const first = batches.next().value
    kept.recycle(first)
    expect(batches.next().value.x.data).not.toBe(first.x.data)
  })
})
