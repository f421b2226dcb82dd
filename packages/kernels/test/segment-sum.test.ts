import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { expectClose, kernel, random } from './support.js'

function sum(x: { shape: readonly number[]; values: ArrayLike<number> }, ids: readonly number[], segments: number) {
  const width = x.shape.slice(1).reduce((product, length) => product * length, 1)
  const values = new Float64Array(segments * width)
  ids.forEach((id, row) => {
    if (id < 0 || id >= segments) return
    for (let j = 0; j < width; j++) {
      values[id * width + j] = (values[id * width + j] as number) + (x.values[row * width + j] as number)
    }
  })
  return { shape: [segments, ...x.shape.slice(1)], values }
}

describe('UnsortedSegmentSum', () => {
  it.each([
    [[6], 4],
    [[6, 1], 3],
    [[6, 5], 3],
    [[6, 3, 7], 2],
    [[6, 4], 0],
    [[6, 0], 3],
  ])('sums rows of %j into %i segments', (shape, segments) => {
    const ids = [2, 0, 2, 1, 0, 2]
    const x = random(shape, 1)
    const segmentIds = tf.tensor1d(ids, 'int32')
    expectClose(kernel('UnsortedSegmentSum', { x, segmentIds }, { numSegments: segments }), sum(x, ids, segments))
    segmentIds.dispose()
  })

  it('drops rows whose segment is out of range, on either side', () => {
    const ids = [-1, 0, 3, 2, -2_147_483_648, 2_147_483_647]
    const x = random([6, 5], 2)
    x.values[0] = Number.NaN
    const segmentIds = tf.tensor1d(ids, 'int32')
    expectClose(kernel('UnsortedSegmentSum', { x, segmentIds }, { numSegments: 3 }), sum(x, ids, 3))
    segmentIds.dispose()
  })

  it('sums integers exactly', () => {
    tf.tidy(() => {
      const x = tf.tensor2d(
        [
          [2 ** 24, 1],
          [1, 1],
          [5, 7],
        ],
        [3, 2],
        'int32',
      )
      const out = tf.unsortedSegmentSum(x, tf.tensor1d([1, 1, 0], 'int32'), 2)
      expect(out.dtype).toBe('int32')
      expect([...out.dataSync()]).toEqual([5, 7, 2 ** 24 + 1, 2])
    })
  })

  it('refuses ids that are not one per row', () => {
    tf.tidy(() => {
      const x = tf.ones([3, 2])
      const call = () =>
        tf.engine().runKernel('UnsortedSegmentSum', { x, segmentIds: tf.zeros([2], 'int32') }, { numSegments: 2 })
      expect(call).toThrow(/segmentIds of shape \[3\].*found int32 of shape \[2\]/)
    })
  })
})
