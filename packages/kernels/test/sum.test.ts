import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { cpuKernel, expectClose, kernel, random } from './support.js'

describe('Sum', () => {
  it.each([
    [[7], [0]],
    [[5, 3], [0]],
    [[5, 3], [1]],
    [[5, 3], [-1]],
    [[5, 37], [0]],
    [[37, 5], [1]],
    [
      [3, 4, 21],
      [0, 1],
    ],
    [[3, 4, 21], [1]],
    [
      [3, 4, 21],
      [1, 2],
    ],
    [
      [3, 4, 21],
      [0, 2],
    ],
    [
      [2, 3, 4, 5],
      [2, 1],
    ],
    [
      [2, 3, 4, 5],
      [0, 1, 2, 3],
    ],
    [[1100, 6], [0]],
    [[6, 1100], [1]],
    [[0, 3], [0]],
    [[3, 0], [0]],
    [[3, 0], [1]],
    [[], []],
    [[4, 1, 4], []],
  ])('of %j over %j is that of the JavaScript backend', async (shape, axis) => {
    const x = random(shape, 1)
    for (const keepDims of [false, true]) {
      const found = kernel('Sum', { x }, { axis, keepDims })
      const wanted = await cpuKernel('Sum', { x }, { axis, keepDims: false })
      const kept = shape.map((length, at) =>
        axis.some((one) => (one + shape.length) % shape.length === at) ? 1 : length,
      )
      expectClose(found, { shape: keepDims && axis.length > 0 ? kept : wanted.shape, values: wanted.values })
    }
  })

  it('of a million numbers keeps its digits', () => {
    tf.tidy(() => {
      const x = tf.fill([1_000_000], 0.1)
      expect((tf.sum(x).dataSync()[0] as number) / (1_000_000 * Math.fround(0.1))).toBeCloseTo(1, 6)
    })
  })

  it('of integers, booleans and NaN is that of the stock kernel', () => {
    tf.tidy(() => {
      expect(tf.sum(tf.tensor1d([2 ** 24, 1], 'int32')).dataSync()[0]).toBe(2 ** 24 + 1)
      expect(tf.sum(tf.tensor1d([1, 0, 1], 'bool')).dataSync()[0]).toBe(2)
      expect([...tf.sum(tf.tensor2d([1, Number.NaN, 3, 4], [2, 2]), 0).dataSync()]).toEqual([4, Number.NaN])
    })
  })
})

describe('Mean', () => {
  it.each([
    [[5, 3], [0]],
    [[5, 3], [1]],
    [
      [3, 4, 21],
      [0, 1],
    ],
    [
      [3, 4, 21],
      [0, 2],
    ],
    [[7], [0]],
    [
      [2, 3],
      [0, 1],
    ],
  ])('of %j over %j is that of the JavaScript backend', async (shape, axis) => {
    const x = random(shape, 1)
    for (const keepDims of [false, true]) {
      expectClose(kernel('Mean', { x }, { axis, keepDims }), await cpuKernel('Mean', { x }, { axis, keepDims }))
    }
  })
})
