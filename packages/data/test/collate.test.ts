import '@tensorflow/tfjs-backend-cpu'
import { memory, tensor } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { collate } from '../src/index.js'

describe('collate', () => {
  test('stacks each leaf with the batch as its first axis, in the structure of the samples', () => {
    const sample = (i: number) => ({
      value: i,
      flag: i % 2 === 1,
      text: `t${i}`,
      vector: [i, i + 1],
      matrix: [
        [i, 0],
        [0, i],
      ],
      floats: Float32Array.of(i, i),
      bytes: Uint8Array.of(i),
      host: { data: Int32Array.of(i, i), shape: [2, 1], dtype: 'int32' as const },
      nested: { pair: [Float32Array.of(i), i] as const },
    })
    expect(collate([sample(1), sample(2)])).toEqual({
      value: { data: Float32Array.of(1, 2), shape: [2], dtype: 'float32' },
      flag: { data: Uint8Array.of(1, 0), shape: [2], dtype: 'bool' },
      text: ['t1', 't2'],
      vector: { data: Float32Array.of(1, 2, 2, 3), shape: [2, 2], dtype: 'float32' },
      matrix: { data: Float32Array.of(1, 0, 0, 1, 2, 0, 0, 2), shape: [2, 2, 2], dtype: 'float32' },
      floats: { data: Float32Array.of(1, 1, 2, 2), shape: [2, 2], dtype: 'float32' },
      bytes: { data: Int32Array.of(1, 2), shape: [2, 1], dtype: 'int32' },
      host: { data: Int32Array.of(1, 1, 2, 2), shape: [2, 2, 1], dtype: 'int32' },
      nested: {
        pair: [
          { data: Float32Array.of(1, 2), shape: [2, 1], dtype: 'float32' },
          { data: Float32Array.of(1, 2), shape: [2], dtype: 'float32' },
        ],
      },
    })
  })

  test('gives plain numbers the dtype that was asked for, by field', () => {
    const samples = [{ label: 1, tokens: [1, 2], inner: { mask: 1 } }]
    expect(collate(samples, { dtypes: { label: 'int32', tokens: 'int32', inner: { mask: 'bool' } } })).toEqual({
      label: { data: Int32Array.of(1), shape: [1], dtype: 'int32' },
      tokens: { data: Int32Array.of(1, 2), shape: [1, 2], dtype: 'int32' },
      inner: { mask: { data: Uint8Array.of(1), shape: [1], dtype: 'bool' } },
    })
  })

  test('stacks tensors and frees them', () => {
    const before = memory().numTensors
    const batch = collate([{ x: tensor([1, 2]) }, { x: tensor([3, 4]) }])
    expect(batch.x.shape).toEqual([2, 2])
    expect([...batch.x.dataSync()]).toEqual([1, 2, 3, 4])
    batch.x.dispose()
    expect(memory().numTensors).toBe(before)
  })

  test('frees all tensors when a batch fails half-way', () => {
    const before = memory().numTensors
    const samples = () => [
      { a: tensor([1]), b: tensor([1]), c: 1 },
      { a: tensor([2]), b: tensor([1, 2]), c: 1 },
    ]
    expect(() => collate(samples())).toThrow(/field 'b' differs/)
    expect(memory().numTensors).toBe(before)
  })

  test.each([
    [
      'vectors of different lengths',
      [{ x: [1, 2] }, { x: [1] }],
      /field 'x' differs.*\[2\] as in sample 0.*in sample 1.*pad/,
    ],
    [
      'typed arrays of different lengths',
      [{ x: new Float32Array(2) }, { x: new Float32Array(3) }],
      /float32 of shape \[2\].*float32 of shape \[3\] in sample 1/,
    ],
    [
      'host tensors of different shapes',
      [
        { a: { x: { data: new Float32Array(2), shape: [2, 1], dtype: 'float32' } } },
        { a: { x: { data: new Float32Array(2), shape: [1, 2], dtype: 'float32' } } },
      ],
      /field 'a.x'.*\[2, 1\].*\[1, 2\]/,
    ],
    [
      'arrays of different dtypes',
      [{ x: new Float32Array(2) }, { x: new Int32Array(2) }],
      /float32 of shape \[2\].*int32 of shape \[2\]/,
    ],
    [
      'a shape that contradicts the data',
      [{ x: { data: new Float32Array(3), shape: [2], dtype: 'float32' } }],
      /2 values for shape \[2\].*found 3/,
    ],
    ['a field that is missing', [{ x: 1, y: 2 }, { x: 1 }], /samples change structure.*sample 1/],
    [
      'a field of another name',
      [
        { x: 1, y: 2 },
        { x: 1, z: 2 },
      ],
      /samples change structure/,
    ],
    ['another kind of value', [{ x: 1 }, { x: 'a' }], /field 'x' changes structure.*1 as in sample 0.*'a' in sample 1/],
    [
      'what no tensor can hold',
      [{ x: undefined }],
      /field 'x' cannot be put into a batch.*found undefined in sample 0.*collate/,
    ],
    ['dates', [{ x: [{ y: new Date(0) }] }], /field 'x\[0\].y' cannot.*Date/],
  ])('refuses %s, naming the field and the sample', (_, samples, message) => {
    expect(() => collate(samples as { x: unknown }[])).toThrow(
      expect.objectContaining({ code: 'LEVIN_DATA', message: expect.stringMatching(message) }),
    )
  })

  test('refuses numbers that their dtype cannot hold, naming the sample by its place in the dataset', () => {
    const samples = [{ y: 1 }, { y: 1.5 }]
    expect(() => collate(samples, { dtypes: { y: 'int32' }, indices: [40, 17] })).toThrow(
      /field 'y' has dtype int32.*sample 17.*found 1.5.*y: 'float32'/,
    )
    expect(() => collate([])).toThrow(/at least one sample/)
  })
})
