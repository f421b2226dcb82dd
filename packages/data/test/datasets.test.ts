import '@tensorflow/tfjs-backend-cpu'
import { memory, type Tensor, tensor } from '@tensorflow/tfjs-core'
import * as tfData from '@tensorflow/tfjs-data'
import { describe, expect, test } from 'vitest'
import {
  concat,
  DataLoader,
  type DatasetLike,
  filter,
  fromArrays,
  fromIterable,
  fromSamples,
  map,
  randomSplit,
  subset,
  take,
} from '../src/index.js'

const numbered = (length: number) => fromArrays({ x: Int32Array.from({ length }, (_, i) => i) })

async function read(dataset: DatasetLike<{ x: number }>): Promise<number[]> {
  const values: number[] = []
  for await (const { x } of new DataLoader(dataset, { batchSize: 4 })) {
    expect(x.dtype).toBe('int32')
    values.push(...x.data)
  }
  return values
}

const stream = (length: number) =>
  fromIterable(
    Array.from({ length }, (_, x) => ({ x })),
    { dtypes: { x: 'int32' } },
  )

describe('datasets made of others', () => {
  test('subset takes samples by index, and keeps the fast path', async () => {
    const dataset = subset(numbered(10), [7, 0, 7])
    expect(dataset.getBatch).toBeDefined()
    expect(await read(dataset)).toEqual([7, 0, 7])
    expect(await read(subset(dataset, [1]))).toEqual([0])
    expect(() => subset(numbered(10), [10])).toThrow(/no sample 10.*from 0 to 9/)
    expect(() => dataset.get(3)).toThrow(/no sample 3/)
    expect(() => dataset.getBatch?.(Uint32Array.of(3))).toThrow(/no sample 3/)
  })

  test('randomSplit gives parts that do not overlap, the same for the same seed', async () => {
    const parts = randomSplit(numbered(103), [0.8, 0.1, 0.1], { seed: 4 })
    expect(parts.map(({ length }) => length)).toEqual([83, 10, 10])
    const all = await Promise.all(parts.map(read))
    expect(all.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 103 }, (_, i) => i))
    expect(await Promise.all(randomSplit(numbered(103), [83, 10, 10], { seed: 4 }).map(read))).toEqual(all)
    expect(await read(randomSplit(numbered(103), [83, 20], { seed: 5 })[0])).not.toEqual(all[0])
    expect(randomSplit(numbered(10), [0.7, 0.2, 0.1]).map(({ length }) => length)).toEqual([7, 2, 1])
  })

  test('randomSplit refuses parts that are not the whole', () => {
    expect(() => randomSplit(numbered(10), [5, 4])).toThrow(/add up to 10.*add up to 9/)
    expect(() => randomSplit(numbered(10), [0.5, 0.4])).toThrow(/fractions that add up to 1/)
    expect(() => randomSplit(numbered(10), [11, -1])).toThrow(/found \[11, -1\]/)
    expect(() => randomSplit(stream(3) as never, [1])).toThrow(/any order.*fromSamples/)
  })

  test('map changes samples when they are read and keeps the dtypes of its fields', async () => {
    expect(await read(map(numbered(5), ({ x }) => ({ x: x * 2 })))).toEqual([0, 2, 4, 6, 8])
    expect(await read(map(stream(5), async ({ x }, index) => ({ x: x + index })))).toEqual([0, 2, 4, 6, 8])
    expect(await read(map(numbered(3), ({ x }) => ({ x }), { synchronous: true }))).toEqual([0, 1, 2])
    await expect(read(map(numbered(3), ({ x }) => ({ x: x / 2 })))).rejects.toThrow(/int32.*sample 1.*found 0.5/)
    const halves = map(numbered(3), ({ x }) => ({ x: x / 2 }), { dtypes: { x: 'float32' } })
    for await (const { x } of new DataLoader(halves, { batchSize: 3 })) expect([...x.data]).toEqual([0, 0.5, 1])
    const promises = map(stream(3), async (sample) => sample, { synchronous: true })
    expect(() => [...(new DataLoader(promises) as Iterable<unknown>)]).toThrow(/synchronous.*Promise/)
  })

  test('filter, take and concat work on what is indexed and on what is read from its beginning', async () => {
    const generated = () =>
      fromIterable(
        async function* () {
          yield* [{ x: 0 }, { x: 1 }, { x: 2 }, { x: 3 }]
        },
        { dtypes: { x: 'int32' } },
      )
    for (const dataset of [numbered(4), stream(4), generated()]) {
      expect(await read(filter(dataset, ({ x }) => x % 2 === 1))).toEqual([1, 3])
      expect(await read(take(dataset, 2))).toEqual([0, 1])
      expect(await read(take(dataset, 9))).toEqual([0, 1, 2, 3])
      expect(await read(concat(numbered(2), dataset))).toEqual([0, 1, 0, 1, 2, 3])
    }
    expect(take(numbered(9), 3).length).toBe(3)
    expect(concat(numbered(2), numbered(3)).length).toBe(5)
    expect(concat(stream(2), numbered(1)).sampleCount).toBeUndefined()
    expect(concat(fromArrays({ x: [1] }), fromSamples([{ x: 1 }])).length).toBe(2)
    await expect(read(filter(numbered(2), (async () => true) as never))).rejects.toThrow(
      /true or false, found a Promise/,
    )
    expect(() => concat(numbered(2), fromSamples([{ x: 1 }]))).toThrow(/Dataset 1.*x: int32.*float32/)
  })

  test('take ends the source when it has enough', async () => {
    let closed = false
    const source = fromIterable(
      async function* () {
        try {
          for (let x = 0; ; x++) yield { x }
        } finally {
          closed = true
        }
      },
      { dtypes: { x: 'int32' } },
    )
    expect(await read(take(source, 5))).toEqual([0, 1, 2, 3, 4])
    expect(closed).toBe(true)
  })
})

describe('fromIterable', () => {
  test('reads a function anew in each epoch, and tells it which one', async () => {
    const loader = new DataLoader(
      fromIterable(({ epoch }) => [epoch, epoch + 1]),
      { batchSize: 2 },
    )
    for (const epoch of [0, 5]) {
      loader.setEpoch(epoch)
      for await (const batch of loader) expect([...batch.data]).toEqual([epoch, epoch + 1])
    }
  })

  test('reads web streams, and cancels one that nobody reads to its end', async () => {
    let cancelled = false
    const make = () =>
      new ReadableStream<{ x: number }>({
        start(controller) {
          for (let x = 0; x < 5; x++) controller.enqueue({ x })
          controller.close()
        },
      })
    expect(await read(fromIterable(make, { dtypes: { x: 'int32' } }))).toEqual([0, 1, 2, 3, 4])
    const endless = new ReadableStream<number>({
      pull: (controller) => controller.enqueue(1),
      cancel: () => {
        cancelled = true
      },
    })
    for await (const _ of new DataLoader(endless, { batchSize: 2 })) break
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(cancelled).toBe(true)
  })

  test.each([
    [
      'a generator',
      () =>
        (function* () {
          yield 1
        })(),
    ],
    [
      'an async generator',
      () =>
        (async function* () {
          yield 1
        })(),
    ],
    [
      'a stream',
      () =>
        new ReadableStream<number>({
          start: (controller) => {
            controller.enqueue(1)
            controller.close()
          },
        }),
    ],
  ])('refuses a second pass over %s, which would be empty', async (_, make) => {
    const loader = new DataLoader(make())
    const pass = async () => {
      for await (const batch of loader) expect([...batch.data]).toEqual([1])
    }
    await pass()
    await expect(pass()).rejects.toThrow(/can be read only once.*function that makes a new/)
  })

  test('reads what can be iterated again as often as wanted', async () => {
    const loader = new DataLoader(new Set([1, 2]))
    for (let pass = 0; pass < 3; pass++) {
      let batches = 0
      for await (const _ of loader) batches++
      expect(batches).toBe(2)
    }
  })

  test('knows its length when it is told, and refuses another one', async () => {
    const loader = (sampleCount: number) => new DataLoader(fromIterable([1, 2, 3], { sampleCount }), { batchSize: 2 })
    expect(loader(3).batchCount).toBe(2)
    expect(() => [...(loader(4) as Iterable<unknown>)]).toThrow(/4 samples.*found 3/)
    expect(() => [...(loader(2) as Iterable<unknown>)]).toThrow(/2 samples.*found more/)
  })

  test('leaves a source that never answers without waiting for it', async () => {
    let reads = 0
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => (reads++ < 2 ? Promise.resolve({ done: false, value: 1 }) : new Promise<never>(() => {})),
      }),
    }
    for await (const _ of new DataLoader(source, { batchSize: 1 })) break
    expect(reads).toBeGreaterThan(1)
  })

  test('hands on an error of the source', async () => {
    const loader = new DataLoader(
      fromIterable(async function* () {
        yield 1
        throw new Error('broken pipe')
      }),
    )
    const pass = async () => {
      for await (const _ of loader);
    }
    await expect(pass()).rejects.toThrow('broken pipe')
  })

  test('refuses a function that makes nothing to read', async () => {
    const loader = new DataLoader(fromIterable(() => 7 as never))
    await expect(loader[Symbol.asyncIterator]().next()).rejects.toThrow(/made nothing that can be read.*found 7/)
  })
})

describe('tensors', () => {
  test('of a tf.data dataset are stacked, or passed through where it batches itself; none is left over', async () => {
    const before = memory().numTensors
    const dataset = tfData.array([1, 2, 3, 4, 5]).map((value) => ({ x: tensor([value as number, 0]) }))
    const loaders = [
      new DataLoader(dataset as never as DatasetLike<{ x: Tensor }>, { batchSize: 2 }),
      new DataLoader(dataset.batch(2) as never as DatasetLike<{ x: Tensor }>, { batchSize: null }),
    ]
    for (const loader of loaders) {
      const shapes: number[][] = []
      for await (const { x } of loader) {
        shapes.push(x.shape)
        x.dispose()
      }
      expect(shapes).toEqual([
        [2, 2],
        [2, 2],
        [1, 2],
      ])
    }
    expect(memory().numTensors).toBe(before)
  })

  test('that were read ahead are freed when the loop is left', async () => {
    const before = memory().numTensors
    const dataset = fromIterable(async function* () {
      for (let i = 0; i < 20; i++) yield { x: tensor([i]) }
    })
    for await (const { x } of new DataLoader(dataset, { batchSize: 2, prefetch: 3 })) {
      x.dispose()
      break
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(memory().numTensors).toBe(before)
  })

  test.each([
    [0, [4, 5, 8]],
    [1, [6, 7, 9]],
  ])(
    'that are skipped on the way to a position, or belong to workers other than %i, are freed',
    async (rank, expected) => {
      const before = memory().numTensors
      const make = (start: number) => {
        const loader = new DataLoader(
          fromIterable(() => Array.from({ length: 10 }, (_, i) => ({ x: tensor([i]) }))),
          { batchSize: 2 },
        ).shard({ rank, count: 2 })
        loader.seek({ epoch: 0, batch: start })
        return loader
      }
      const values: number[] = []
      for await (const { x } of make(1)) {
        values.push(...x.dataSync())
        x.dispose()
      }
      expect(values).toEqual(expected)
      expect(memory().numTensors).toBe(before)
    },
  )
})
