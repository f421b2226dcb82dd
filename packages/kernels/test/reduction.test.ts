import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { cpuKernel, expectClose, type HostTensor, kernel, random } from './support.js'

const CASES: [shape: number[], axes: number[]][] = [
  [[7], [0]],
  [[1], [0]],
  [[40], [0]],
  [[5, 3], [0]],
  [[5, 3], [1]],
  [[5, 3], [-1]],
  [[6, 37], [0]],
  [[37, 6], [1]],
  [[1, 21], [0]],
  [[3, 4, 21], [1]],
  [
    [3, 4, 21],
    [0, 1],
  ],
  [
    [3, 4, 21],
    [0, 2],
  ],
  [
    [3, 4, 21],
    [2, 0],
  ],
  [
    [2, 3, 4, 5],
    [0, 2],
  ],
  [
    [2, 3, 4, 5],
    [1, 3],
  ],
  [
    [2, 3, 4, 5],
    [0, 1, 3],
  ],
  [
    [2, 3, 4, 5],
    [0, 1, 2, 3],
  ],
]

const variants = (shape: readonly number[]): HostTensor[] => {
  const [plain, first, last, every, ties] = Array.from({ length: 5 }, () => random(shape, 1))
  first?.values.fill(Number.NaN, 0, 1)
  last?.values.fill(Number.NaN, -1)
  every?.values.fill(Number.NEGATIVE_INFINITY)
  ties?.values.forEach((value, at) => {
    if (ties !== undefined) ties.values[at] = Math.round(value * 2)
  })
  return [plain, first, last, every, ties] as HostTensor[]
}

const exactly = { absolute: 0, relative: 0 }

describe.each(CASES)(
  'on %j along %j as on the JavaScript backend, NaN, ties and infinities included:',
  (shape, axis) => {
    it.each([
      ['Max', 'reductionIndices'],
      ['Min', 'axis'],
    ])('%s', async (name, attribute) => {
      for (const x of variants(shape)) {
        for (const keepDims of [false, true]) {
          const attrs = { [attribute]: axis, keepDims }
          expectClose(kernel(name, { x }, attrs), await cpuKernel(name, { x }, attrs), exactly)
        }
      }
    })

    it.each(['ArgMax', 'ArgMin'])('%s', async (name) => {
      for (const x of variants(shape)) {
        const attrs = { axis: axis[0] }
        const found = kernel(name, { x }, attrs)
        expect(found.values).toBeInstanceOf(Int32Array)
        expectClose(found, await cpuKernel(name, { x }, attrs), exactly)
      }
    })

    it('Sum and Mean', async () => {
      const x = random(shape, 1)
      for (const name of ['Sum', 'Mean']) {
        const wanted = await cpuKernel(name, { x }, { axis, keepDims: false })
        expectClose(kernel(name, { x }, { axis, keepDims: false }), wanted)
      }
    })

    it.each([
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ])('Cumsum (exclusive %s, reverse %s)', async (exclusive, reverse) => {
      const x = random(shape, 1)
      const attrs = { axis: ((axis[0] ?? 0) + shape.length) % shape.length, exclusive, reverse }
      expectClose(kernel('Cumsum', { x }, attrs), await cpuKernel('Cumsum', { x }, attrs))
    })
  },
)

describe('reductions', () => {
  it('of nothing are what leaves every number as it is', () => {
    tf.tidy(() => {
      expect([...tf.max(tf.zeros([2, 0]), 1).dataSync()]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect([...tf.min(tf.zeros([0, 2]), 0).dataSync()]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
      expect(tf.cumsum(tf.zeros([0, 2])).shape).toEqual([0, 2])
    })
  })

  it('of integers are those of the stock kernels', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([2 ** 24 + 1, 2 ** 24, 3, 4], [2, 2], 'int32')
      expect([...tf.max(x, 0).dataSync()]).toEqual([2 ** 24 + 1, 2 ** 24])
      expect([...tf.argMin(x, 1).dataSync()]).toEqual([1, 0])
      expect([...tf.cumsum(x, 1).dataSync()]).toEqual([2 ** 24 + 1, 2 ** 25 + 1, 3, 7])
    })
  })

  it('over many rows lose no digits to the rows before', () => {
    tf.tidy(() => {
      const x = tf.fill([100_003, 5], 0.1)
      for (const sum of tf.sum(x, 0).dataSync()) expect(sum / (100_003 * Math.fround(0.1))).toBeCloseTo(1, 5)
    })
  })
})
