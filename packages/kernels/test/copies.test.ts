import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { COPIED_TYPES, expectSameCopies } from './copies-support.js'
import { random, upload } from './support.js'

describe.each(COPIED_TYPES)('on %s as on the JavaScript backend:', (dtype) => {
  it.each([
    [[[3], [4]], 0],
    [
      [
        [2, 3],
        [1, 3],
        [4, 3],
      ],
      0,
    ],
    [
      [
        [2, 3],
        [2, 1],
        [2, 5],
      ],
      1,
    ],
    [
      [
        [2, 3, 5],
        [2, 1, 5],
      ],
      -2,
    ],
    [
      [
        [0, 3],
        [2, 3],
      ],
      0,
    ],
    [
      [
        [2, 0],
        [2, 0],
      ],
      1,
    ],
    [
      [
        [7, 1],
        [7, 1],
        [7, 1],
        [7, 1],
      ],
      1,
    ],
    [
      [
        [3, 71],
        [3, 64],
      ],
      1,
    ],
  ])('Concat of %j along %i', async (shapes, axis) => {
    await expectSameCopies(shapes, dtype, (...tensors) => tf.concat(tensors, axis))
  })

  it.each([
    [[3], 2, 0],
    [[3], 2, -1],
    [[2, 5], 3, 1],
    [[2, 5], 3, 2],
    [[], 4, 0],
    [[2, 0], 3, 1],
    [[4, 3], 1, 1],
  ])('Pack of %j, %i times, along %i', async (shape, count, axis) => {
    const shapes = Array.from({ length: count }, () => shape)
    await expectSameCopies(shapes, dtype, (...tensors) => tf.stack(tensors, axis))
  })

  it.each([
    [[6], 3, 0],
    [[2, 6], 3, 1],
    [[2, 6], [1, 5], -1],
    [[2, 6, 3], [2, -1, 1], 1],
    [[5, 2], [5], 0],
    [[4, 0], 2, 0],
    [[4, 3], [0, 4], 0],
  ])('SplitV of %j into %j along %i', async (shape, parts, axis) => {
    await expectSameCopies([shape], dtype, (x) => tf.split(x as tf.Tensor, parts, axis))
  })

  it.each([
    [[3], 0],
    [[3, 5], 1],
    [[3, 5, 2], -2],
    [[3, 1], 1],
    [[2, 0], 0],
  ])('Unpack of %j along %i', async (shape, axis) => {
    await expectSameCopies([shape], dtype, (x) => tf.unstack(x as tf.Tensor, axis))
  })

  it.each([
    [[9], [1], [8], [3]],
    [[9], [8], [0], [-2]],
    [[9], [-1], [-10], [-1]],
    [
      [4, 6],
      [0, 1],
      [4, 6],
      [2, 2],
    ],
    [
      [4, 6],
      [3, 0],
      [0, 6],
      [-1, 4],
    ],
    [
      [3, 4, 5],
      [0, 3, 1],
      [3, 0, 5],
      [1, -2, 1],
    ],
    [
      [4, 6],
      [3, 0],
      [1, 6],
      [1, 2],
    ],
    [
      [4, 6],
      [0, 0],
      [4, 6],
      [1, 1],
    ],
  ])('StridedSlice of %j from %j to %j by %j', async (shape, begin, end, strides) => {
    await expectSameCopies([shape], dtype, (x) => tf.stridedSlice(x as tf.Tensor, begin, end, strides))
  })

  it.each([
    [[5], [0]],
    [[3, 4], [0]],
    [[3, 4], [1]],
    [
      [3, 4],
      [0, 1],
    ],
    [[2, 3, 4], [-2]],
    [[2, 1, 4], [1]],
    [[0, 4], [1]],
    [
      [2, 3, 2, 3],
      [0, 2],
    ],
    [
      [2, 3, 2, 3],
      [0, 3],
    ],
  ])('Reverse of %j along %j', async (shape, axes) => {
    await expectSameCopies([shape], dtype, (x) => tf.reverse(x as tf.Tensor, axes))
  })

  it.each([
    [[3], [[2, 1]]],
    [
      [3, 4],
      [
        [0, 0],
        [1, 0],
      ],
    ],
    [
      [3, 4],
      [
        [2, 3],
        [0, 0],
      ],
    ],
    [
      [2, 3, 4],
      [
        [1, 0],
        [0, 0],
        [3, 2],
      ],
    ],
    [
      [2, 3, 4],
      [
        [0, 0],
        [1, 1],
        [0, 0],
      ],
    ],
    [
      [2, 3, 4, 3],
      [
        [0, 0],
        [1, 2],
        [2, 1],
        [0, 0],
      ],
    ],
    [
      [2, 3, 4, 3, 2],
      [
        [1, 0],
        [1, 2],
        [2, 1],
        [0, 0],
        [1, 1],
      ],
    ],
    [
      [0, 3],
      [
        [1, 1],
        [0, 2],
      ],
    ],
    [
      [3, 0],
      [
        [0, 0],
        [2, 2],
      ],
    ],
    [
      [3, 0],
      [
        [0, 0],
        [0, 0],
      ],
    ],
    [
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ],
  ] as [number[], [number, number][]][])('PadV2 of %j by %j', async (shape, paddings) => {
    for (const value of [0, 1]) {
      const pad = (constant: number) => (x: tf.Tensor | undefined) => tf.pad(x as tf.Tensor, paddings, constant)
      await expectSameCopies([shape], dtype, pad(value), pad(0))
    }
  })

  it.each([
    [[3], [[2, 1]]],
    [
      [3, 4],
      [
        [0, 2],
        [1, 0],
      ],
    ],
    [
      [2, 3, 4],
      [
        [1, 0],
        [0, 2],
        [3, 2],
      ],
    ],
    [
      [2, 3, 4, 3],
      [
        [0, 0],
        [1, 2],
        [2, 1],
        [0, 0],
      ],
    ],
  ] as [number[], [number, number][]][])('MirrorPad of %j by %j', async (shape, paddings) => {
    for (const mode of ['reflect', 'symmetric'] as const) {
      await expectSameCopies([shape], dtype, (x) => tf.mirrorPad(x as tf.Tensor, paddings, mode))
    }
  })

  it.each([
    [
      [3, 5],
      [1, 0],
    ],
    [
      [37, 18],
      [1, 0],
    ],
    [
      [16, 48],
      [1, 0],
    ],
    [
      [1, 7],
      [1, 0],
    ],
    [
      [2, 3, 5],
      [0, 2, 1],
    ],
    [
      [2, 3, 5],
      [1, 2, 0],
    ],
    [
      [2, 3, 5],
      [2, 0, 1],
    ],
    [
      [2, 3, 5],
      [2, 1, 0],
    ],
    [
      [2, 3, 5],
      [1, 0, 2],
    ],
    [
      [2, 3, 5],
      [0, 1, 2],
    ],
    [
      [2, 1, 5],
      [1, 0, 2],
    ],
    [
      [19, 4, 33],
      [2, 1, 0],
    ],
    [
      [2, 3, 4, 5],
      [0, 2, 3, 1],
    ],
    [
      [2, 3, 4, 5],
      [0, 2, 1, 3],
    ],
    [
      [2, 3, 4, 5],
      [3, 1, 2, 0],
    ],
    [
      [2, 17, 3, 18],
      [2, 3, 0, 1],
    ],
    [
      [2, 3, 2, 3, 4],
      [4, 0, 3, 1, 2],
    ],
    [
      [2, 3, 2, 3, 2, 3],
      [5, 3, 1, 4, 2, 0],
    ],
    [
      [2, 3, 2, 3, 2, 3],
      [4, 3, 2, 1, 0, 5],
    ],
    [[4], [0]],
    [[], []],
    [
      [0, 3],
      [1, 0],
    ],
  ])('Transpose of %j by %j', async (shape, perm) => {
    await expectSameCopies([shape], dtype, (x) => tf.transpose(x as tf.Tensor, perm))
  })
})

describe('Reverse', () => {
  it('turns every axis where none is named, and refuses those that are not there', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([1, 2, 3, 4], [2, 2])
      expect([...tf.reverse(x).dataSync()]).toEqual([4, 3, 2, 1])
      expect(() => tf.reverse(x, [2])).toThrow(/range/)
    })
  })
})

describe('StridedSlice', () => {
  it('takes one of an axis away and adds another, where the JavaScript backend fails', () => {
    tf.tidy(() => {
      const x = tf.reshape(tf.range(0, 60), [3, 4, 5])
      const found = tf.stridedSlice(x, [1, 0, 0, 1], [2, 0, 1, 4], [1, 1, 1, 2], 0, 0, 2, 4, 1)
      expect(found.arraySync()).toEqual([20, 25, 30, 35].map((row) => [[row + 1, row + 3]]))
    })
  })
})

describe('copies of a tensor with itself', () => {
  it('are right where one tensor is given several times', async () => {
    await expectSameCopies([[3, 5]], 'float32', (x) => tf.concat([x, x, x] as tf.Tensor[], 1))
    await expectSameCopies([[3, 5]], 'float32', (x) => tf.stack([x, x] as tf.Tensor[], 1))
  })

  it('outlive the original where they share its data', () => {
    const x = upload(random([1, 4], 1))
    const copies = [tf.transpose(x), tf.concat([x, tf.zeros([0, 4])]), tf.stack([x]), tf.stridedSlice(x, [0], [1])]
    const wanted = [...x.dataSync()]
    x.dispose()
    for (const copy of copies) expect([...copy.dataSync()]).toEqual(wanted)
    tf.dispose(copies)
  })
})

describe('what does not fit', () => {
  it('is refused as by tfjs', () => {
    tf.tidy(() => {
      const [a, b] = [tf.zeros([2, 3]), tf.zeros([3, 2])]
      expect(() => tf.concat([a, b], 0)).toThrow(/does not match the shape/)
      expect(() => tf.stack([a, b])).toThrow(/matching shapes/)
      expect(() => tf.split(a, [1, 1], 1)).toThrow(/sum of sizes/)
    })
  })

  it('of strings and of mixed dtypes is left to the stock kernels', () => {
    tf.tidy(() => {
      const strings = tf.tensor2d(['a', 'b', 'c', 'd'], [2, 2], 'string')
      expect(tf.concat([strings, strings], 0).shape).toEqual([4, 2])
      const mixed = tf
        .engine()
        .runKernel('Concat', [tf.tensor1d([1.5]), tf.tensor1d([2], 'int32')] as never, { axis: 0 })
      expect([...(mixed as tf.Tensor).dataSync()]).toEqual([1.5, 2])
    })
  })
})
