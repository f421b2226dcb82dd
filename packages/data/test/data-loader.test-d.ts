import { DataModule, type HostTensor, type LoaderLike } from '@levin/core'
import type { Rank, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { expectTypeOf, test } from 'vitest'
import { DataLoader, fromArrays, fromIterable, map, randomSplit } from '../src/index.js'

type DigitBatch = { images: Tensor4D; labels: Tensor1D }
interface DigitBatchInterface {
  images: Tensor4D
  labels: Tensor1D
}

const digits = fromArrays({
  images: { data: new Float32Array(2 * 28 * 28), shape: [2, 28, 28, 1] },
  labels: Int32Array.of(3, 4),
})

test('a columnar loader yields host tensors of the ranks of its columns', () => {
  expectTypeOf(new DataLoader(digits, { batchSize: 2, shuffle: true })).toEqualTypeOf<
    DataLoader<{ images: HostTensor<Rank.R4>; labels: HostTensor<Rank.R1> }>
  >()
})

test('it serves a data module whose steps take tensors of these ranks', () => {
  class Digits extends DataModule<DigitBatch> {
    override trainDataLoader() {
      return new DataLoader(digits, { batchSize: 2 })
    }
    override valDataLoader() {
      return [new DataLoader(digits), new DataLoader(digits)]
    }
  }
  class Others extends DataModule<DigitBatchInterface> {
    override trainDataLoader() {
      return new DataLoader(digits, { batchSize: 2 })
    }
  }
  expectTypeOf<Digits>().toExtend<DataModule<DigitBatch>>()
  expectTypeOf<Others>().toExtend<DataModule<DigitBatchInterface>>()
})

test('a loader of other ranks or fields is refused, wherever its type could be inferred from', () => {
  const flat = fromArrays({ images: [[1, 2]], labels: Int32Array.of(1) })
  class Digits extends DataModule<DigitBatch> {
    // @ts-expect-error images have rank 2
    override trainDataLoader() {
      return new DataLoader(flat)
    }
  }
  // @ts-expect-error images have rank 2
  const loader: LoaderLike<{ images: HostTensor<Rank.R4>; labels: HostTensor<Rank.R1> }> = new DataLoader(flat)
  expectTypeOf(loader).not.toBeAny()
  expectTypeOf<Digits>().not.toBeAny()
})

test('columns of every form give their rows', () => {
  const dataset = fromArrays({
    points: [
      [1, 2],
      [3, 4],
    ],
    target: [1, 2],
    flags: [true, false],
    names: ['a', 'b'],
    bytes: { data: new Uint8Array(8), shape: [2, 4], dtype: 'float32' },
    labels: { data: [1, 2], dtype: 'int32' },
    mask: { data: Uint8Array.of(0, 1), dtype: 'bool' },
  })
  expectTypeOf(dataset.get(0)).exclude<Promise<unknown>>().toEqualTypeOf<{
    points: HostTensor<Rank.R1>
    target: number
    flags: boolean
    names: string
    bytes: HostTensor<Rank.R1>
    labels: number
    mask: boolean
  }>()
})

test('a transform, a collate function and a batch transform each change the type', () => {
  const transformed = new DataLoader(digits, {
    transform: ({ labels }) => ({ odd: labels % 2 === 1, pair: [labels, 1] }),
  })
  expectTypeOf(transformed).toEqualTypeOf<DataLoader<{ odd: HostTensor<Rank.R1>; pair: HostTensor<Rank.R2> }>>()
  const collated = new DataLoader(digits, { collate: (samples) => samples.length })
  expectTypeOf(collated).toEqualTypeOf<DataLoader<number>>()
  const changed = new DataLoader(digits, { batchSize: 4, transformBatch: async ({ labels }) => labels })
  expectTypeOf(changed).toEqualTypeOf<DataLoader<HostTensor<Rank.R1>>>()
})

test('arrays, iterables, streams and tf.data datasets are datasets', () => {
  expectTypeOf(new DataLoader([{ x: 1 }])).toEqualTypeOf<DataLoader<{ x: HostTensor<Rank.R1> }>>()
  const stream = new ReadableStream<{ x: Float32Array; text: string }>()
  expectTypeOf(new DataLoader(stream)).toEqualTypeOf<DataLoader<{ x: HostTensor<Rank.R2>; text: string[] }>>()
  const generated = fromIterable(async function* () {
    yield [new Float32Array(3), 1] as const
  })
  expectTypeOf(new DataLoader(generated)).toEqualTypeOf<DataLoader<[HostTensor<Rank.R2>, HostTensor<Rank.R1>]>>()
  const tensors: { iterator(): Promise<{ next(): Promise<{ value: { x: Tensor1D }; done: boolean }> }> } = {
    iterator: () => Promise.reject(new Error('never read')),
  }
  expectTypeOf(new DataLoader(tensors)).toEqualTypeOf<DataLoader<{ x: Tensor2D }>>()
  expectTypeOf(new DataLoader(tensors, { batchSize: null })).toEqualTypeOf<DataLoader<{ x: Tensor1D }>>()
})

test('a split has one part per length, and map keeps what can be indexed', () => {
  const [train, test] = randomSplit(digits, [0.5, 0.5])
  expectTypeOf(train).toEqualTypeOf(digits)
  expectTypeOf(test).toEqualTypeOf(digits)
  expectTypeOf(map(digits, ({ labels }) => labels).length).toEqualTypeOf<number>()
})
