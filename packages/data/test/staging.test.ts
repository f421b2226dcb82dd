import { type HostTensor, isHostTensor, type Staging } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { collate, DataLoader, type DatasetLike, fromArrays, fromIterable, map, take } from '../src/index.js'
import { MovingMemory } from './moving-memory.js'

type Batch = Record<string, HostTensor>

const samples = 10
const columns = fromArrays({
  image: { data: Float32Array.from({ length: samples * 30 }, (_, i) => i / 7), shape: [samples, 5, 6] },
  byte: { data: Uint8Array.from({ length: samples }, (_, i) => i), dtype: 'float32' },
  label: Int32Array.from({ length: samples }, (_, i) => i * 3),
  flag: Array.from({ length: samples }, (_, i) => i % 2 === 0),
  name: Array.from({ length: samples }, (_, i) => `sample ${i}`),
})

/** What a batch holds, in arrays of its own. */
const held = (batch: unknown): unknown =>
  isHostTensor(batch)
    ? { data: batch.data.slice(), shape: [...batch.shape], dtype: batch.dtype }
    : Array.isArray(batch)
      ? batch.map(held)
      : typeof batch === 'object' && batch !== null
        ? Object.fromEntries(Object.entries(batch).map(([key, value]) => [key, held(value)]))
        : batch

const tensorsOf = (batch: unknown): HostTensor[] =>
  isHostTensor(batch)
    ? [batch]
    : typeof batch === 'object' && batch !== null
      ? Object.values(batch).flatMap(tensorsOf)
      : []

const staged = (loader: DataLoader<unknown>, staging: Staging): unknown[] => [
  ...{ [Symbol.iterator]: () => loader.iterateStaged?.(staging) as Iterator<unknown> },
]

const numbers = Array.from({ length: 7 }, (_, i) => ({ x: [i, i + 0.5], y: { z: i }, bytes: Uint8Array.of(i) }))

test.each<[string, () => DataLoader<unknown>]>([
  ['columns, shuffled', () => new DataLoader(columns, { batchSize: 4, shuffle: true, seed: 5 })],
  ['columns, in runs', () => new DataLoader(columns, { batchSize: 4 })],
  ['a view of columns', () => new DataLoader(take(columns, 7), { batchSize: 3, shuffle: true, dropLast: true })],
  ['samples', () => new DataLoader(numbers, { batchSize: 3 })],
  ['samples of a stream', () => new DataLoader(fromIterable(numbers), { batchSize: 3 })],
  [
    'a map',
    () =>
      new DataLoader(
        map(columns, ({ image }) => image, { synchronous: true }),
        { batchSize: 4 },
      ),
  ],
  [
    'samples that are transformed',
    () => new DataLoader(numbers, { batchSize: 2, transform: ({ x }) => ({ x, twice: x }), synchronous: true }),
  ],
])('batches of %s are the same where they are staged, and every number of them is', (_what, make) => {
  const memory = new MovingMemory()
  const batches = staged(make(), memory.stage)
  expect(batches.map(held)).toEqual([...(make() as Iterable<unknown>)])
  expect(batches.flatMap(tensorsOf)).toEqual(memory.staged)
  expect(memory.staged.length).toBeGreaterThan(batches.length - 1)
})

describe('nothing is staged', () => {
  const refuses = (loader: DataLoader<never>) => expect(loader.iterateStaged?.(() => undefined)).toBeUndefined()

  test('where a function of the user’s sees or makes batches, or a sample is one', () => {
    const options = { batchSize: 2, synchronous: true } as const
    refuses(new DataLoader(columns, { ...options, transformBatch: (batch) => batch }) as never)
    refuses(new DataLoader(numbers, { ...options, collate: (batch) => collate(batch) }) as never)
    refuses(new DataLoader(numbers, { batchSize: null }) as never)
  })

  test('where batches have to be waited for', () => {
    refuses(new DataLoader(numbers, { transform: async (sample) => sample }) as never)
    refuses(new DataLoader(fromIterable(async function* () {})) as never)
  })

  test('where somebody has replaced the iterator', () => {
    const loader = new DataLoader(columns, { batchSize: 5 })
    const own = loader[Symbol.iterator]
    loader[Symbol.iterator] = function* () {
      for (const batch of { [Symbol.iterator]: own as NonNullable<typeof own> }) yield batch
    }
    refuses(loader as never)
  })

  test('of what is declined: it has buffers of the loader’s, which come back', () => {
    const memory = new MovingMemory()
    const onlyLabels: Staging = (shape, dtype) => (dtype === 'int32' ? memory.stage(shape, dtype) : undefined)
    const loader = new DataLoader(columns, { batchSize: 5 })
    const batches = loader.iterateStaged?.(onlyLabels) as Iterator<Batch>
    const first = batches.next().value as Batch
    const { image, label } = first as { image: HostTensor; label: HostTensor }
    expect(label).toBe(memory.staged[0])
    loader.recycle(first as never)
    const second = batches.next().value as Batch
    expect(second['image']?.data).toBe(image.data)
    expect([...(second['image']?.data ?? [])].slice(0, 2)).toEqual([...Float32Array.of(150 / 7, 151 / 7)])
    expect(second['label']).toBe(memory.staged[1])
  })
})

test('a worker whose part of a global batch is empty gets it empty, in no memory of the device', () => {
  const part = () => new DataLoader(columns, { batchSize: 3 }).shard({ rank: 0, count: 3, even: true })
  const batches = staged(part(), new MovingMemory().stage) as Batch[]
  expect(batches.map((batch) => batch['label']?.shape)).toEqual([[3], [0]])
  expect(batches.map(held)).toEqual([...(part() as Iterable<unknown>)])
})

describe('a dataset of the user’s', () => {
  type Row = { x: number[]; y: number }
  type Ask = (shape: readonly number[], dtype: 'float32') => HostTensor
  const rows: Row[] = Array.from({ length: 6 }, (_, i) => ({ x: [i, -i], y: i }))
  const dataset = (getBatch: (indices: Uint32Array, allocate: Ask) => unknown): DatasetLike<Row> =>
    ({ length: 6, synchronous: true, get: (index: number) => rows[index] as Row, getBatch }) as DatasetLike<Row>
  const loaded = (from: DatasetLike<Row>) => new DataLoader(from, { batchSize: 3 })

  test('may ask for all its tensors before it fills any', () => {
    const careful = dataset((indices, allocate) => {
      const [x, y] = [allocate([indices.length, 2], 'float32'), allocate([indices.length], 'float32')]
      indices.forEach((index, i) => {
        x.data.set([index, -index], i * 2)
        y.data[i] = index
      })
      return { x, y }
    })
    const batches = staged(loaded(careful), new MovingMemory().stage)
    expect(batches.map(held)).toEqual([...(loaded(rows) as Iterable<unknown>)])
  })

  test('that keeps an array while its memory moves is asked again, in memory that does not', () => {
    let calls = 0
    const careless = dataset((indices, allocate) => {
      calls++
      const x = allocate([indices.length, 2], 'float32')
      const values = x.data
      const y = allocate([indices.length], 'float32')
      indices.forEach((index, i) => {
        values[2 * i] = index
        values[2 * i + 1] = -index
        y.data[i] = index
      })
      return { x, y }
    })
    const memory = new MovingMemory()
    const batches = staged(loaded(careless), memory.stage)
    expect(batches.map(held)).toEqual([...(loaded(rows) as Iterable<unknown>)])
    expect(calls).toBe(4)
    expect(batches.flatMap(tensorsOf)).toEqual(memory.staged)
  })
})
