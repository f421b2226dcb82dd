import { describe, expect, test } from 'vitest'
import { DataLoader, fromArrays } from '../src/index.js'

const indices = (...values: number[]) => Uint32Array.from(values)

describe('fromArrays', () => {
  test('stacks the rows asked for, in their order, with a buffer of their own', () => {
    const data = Float32Array.from({ length: 12 }, (_, i) => i)
    const dataset = fromArrays({ points: { data, shape: [3, 2, 2] }, labels: Int32Array.of(7, 8, 9) })
    expect(dataset.getBatch?.(indices(2, 0))).toEqual({
      points: { data: Float32Array.of(8, 9, 10, 11, 0, 1, 2, 3), shape: [2, 2, 2], dtype: 'float32' },
      labels: { data: Int32Array.of(9, 7), shape: [2], dtype: 'int32' },
    })
    const run = dataset.getBatch?.(indices(1, 2)) as { points: { data: Float32Array } }
    run.points.data.fill(-1)
    expect(data[4]).toBe(4)
  })

  test('copies long rows as it copies short ones', () => {
    const data = Float32Array.from({ length: 5 * 100 }, (_, i) => i)
    const dataset = fromArrays({ rows: { data, shape: [5, 100] } })
    const batch = dataset.getBatch?.(indices(4, 0, 3)) as { rows: { data: Float32Array } }
    expect(batch.rows.data).toEqual(Float32Array.of(...data.slice(400), ...data.slice(0, 100), ...data.slice(300, 400)))
  })

  test('takes the dtype from the array or from the option, never from the values', () => {
    const dataset = fromArrays({
      numbers: [1, 2],
      explicit: { data: [1, 2], dtype: 'int32' },
      bytes: Uint8Array.of(0, 255),
      pixels: { data: Uint8Array.of(0, 255), dtype: 'float32' },
      mask: { data: Uint8Array.of(0, 1), dtype: 'bool' },
      doubles: Float64Array.of(0.5, 1.5),
      flags: [true, false],
    })
    expect(dataset.getBatch?.(indices(1))).toEqual({
      numbers: { data: Float32Array.of(2), shape: [1], dtype: 'float32' },
      explicit: { data: Int32Array.of(2), shape: [1], dtype: 'int32' },
      bytes: { data: Int32Array.of(255), shape: [1], dtype: 'int32' },
      pixels: { data: Float32Array.of(255), shape: [1], dtype: 'float32' },
      mask: { data: Uint8Array.of(1), shape: [1], dtype: 'bool' },
      doubles: { data: Float32Array.of(1.5), shape: [1], dtype: 'float32' },
      flags: { data: Uint8Array.of(0), shape: [1], dtype: 'bool' },
    })
  })

  test('shows a sample as its row of each column', () => {
    const dataset = fromArrays({
      x: [
        [1, 2],
        [3, 4],
      ],
      y: Int32Array.of(5, 6),
      name: ['a', 'b'],
      ok: [true, false],
    })
    expect(dataset.get(1)).toEqual({
      x: { data: Float32Array.of(3, 4), shape: [2], dtype: 'float32' },
      y: 6,
      name: 'b',
      ok: false,
    })
  })

  test('gives the same batch through samples as through columns, dtypes included', async () => {
    const dataset = fromArrays({
      x: [
        [1, 2],
        [3, 4],
      ],
      y: Int32Array.of(5, 6),
      name: ['a', 'b'],
    })
    const { getBatch: _, ...withoutFastPath } = { ...dataset, get: dataset.get.bind(dataset), length: dataset.length }
    for await (const batch of new DataLoader(withoutFastPath, { batchSize: 2 })) {
      expect(batch).toEqual(dataset.getBatch?.(indices(0, 1)))
    }
  })

  test.each([
    [
      'columns of different lengths',
      () => fromArrays({ x: [1, 2], y: [1] }),
      /'x' and 'y' differ in length.*2 rows.*1 in 'y'/,
    ],
    [
      'a shape that does not fit',
      () => fromArrays({ x: { data: new Float32Array(5), shape: [2, 3] } }),
      /'x'.*6 values for shape \[2, 3\], found 5/,
    ],
    ['ragged rows', () => fromArrays({ x: [[1, 2], [3]] }), /'x' is ragged.*\[2, 2\].*1 values on axis 1/],
    [
      'fractions in an int32 column',
      () => fromArrays({ x: { data: [1, 1.5], dtype: 'int32' } }),
      /'x'.*int32.*whole numbers of 32 bits, found 1.5/,
    ],
    [
      'large numbers in an int32 column',
      () => fromArrays({ x: { data: [2 ** 31], dtype: 'int32' } }),
      /found 2147483648/,
    ],
    [
      'bytes in a bool column',
      () => fromArrays({ x: { data: Uint8Array.of(2), dtype: 'bool' } }),
      /bool.*0 or 1, found 2/,
    ],
    [
      'something that is no column',
      () => fromArrays({ x: new Date() as unknown as number[] }),
      /'x' cannot be used.*found a Date/,
    ],
    ['no column', () => fromArrays({}), /at least one column/],
    ['an index beyond the end', () => fromArrays({ x: [1, 2] }).get(2), /no sample 2.*from 0 to 1/],
    ['an index of a batch beyond the end', () => fromArrays({ x: [1, 2] }).getBatch?.(indices(0, 2)), /no sample 2/],
  ])('refuses %s', (_, action, message) => {
    expect(action).toThrow(expect.objectContaining({ code: 'LEVIN_DATA', message: expect.stringMatching(message) }))
  })
})
