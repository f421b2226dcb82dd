// Works that are bound by memory: copies, arithmetic with broadcasting, comparisons, reductions.
import * as tf from '@tensorflow/tfjs-core'
import type { Work } from './work.js'

const filled = (shape: number[]): tf.Tensor => tf.randomUniform(shape, -1, 1, 'float32', 1)

const run =
  (kernel: string, inputs: object, attrs: object = {}) =>
  (): tf.Tensor | tf.Tensor[] =>
    tf.engine().runKernel(kernel, inputs as tf.NamedTensorMap, attrs as tf.NamedAttrMap)

const BYTES = 4

/** Counts what is read and written once. */
function work(name: string, elements: number, call: () => tf.Tensor | tf.Tensor[]): Work {
  return { name, flops: 0, bytes: elements * BYTES, run: call, stock: true }
}

export function copyWorks(): Work[] {
  const square = filled([512, 512])
  const twice = 2 * square.size
  const heads = filled([16, 128, 4, 32])
  const steps = Array.from({ length: 64 }, () => filled([32, 128]))
  const sequence = filled([32, 64, 128])
  const image = filled([16, 32, 32, 16])
  const border = [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]
  const half = { beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 }
  return [
    work('concat 2 x 512 x 512, last axis', 2 * twice, run('Concat', [square, square], { axis: 1 })),
    work('stack 64 x 32 x 128, axis 1', twice, run('Pack', steps, { axis: 1 })),
    work('unstack 32 x 64 x 128, axis 1', twice, run('Unpack', { value: sequence }, { num: 64, axis: 1 })),
    work('split 32 x 64 x 128 in 4, last axis', twice, run('SplitV', { x: sequence }, { numOrSizeSplits: 4, axis: 2 })),
    work('pad 16 x 32 x 32 x 16 by 1', twice, run('PadV2', { x: image }, { paddings: border, constantValue: 0 })),
    work(
      'every second row of 512 x 512',
      square.size,
      run('StridedSlice', { x: square }, { begin: [0, 0], end: [512, 512], strides: [2, 1], ...half }),
    ),
    work('reverse 32 x 64 x 128, axis 1', twice, run('Reverse', { x: sequence }, { dims: [1] })),
    ...[
      [square, [1, 0]],
      [heads, [0, 2, 1, 3]],
      [heads, [0, 2, 3, 1]],
      [sequence, [1, 0, 2]],
      [sequence, [2, 1, 0]],
    ].map(([x, perm]) => {
      const tensor = x as tf.Tensor
      return work(`transpose ${tensor.shape.join(' x ')} by ${perm}`, twice, run('Transpose', { x: tensor }, { perm }))
    }),
  ]
}

export function elementwiseWorks(): Work[] {
  const square = filled([512, 512])
  const other = filled([512, 512])
  const sequence = filled([16, 128, 128])
  const row = filled([128])
  const mask = tf.greater(square, 0)
  const twice = 2 * square.size
  const along = { axis: [1], reductionIndices: [1], keepDims: false }
  return [
    work('add 512 x 512', 3 * square.size, run('Add', { a: square, b: other })),
    work('add 16 x 128 x 128 and 128', twice, run('Add', { a: sequence, b: row })),
    work('add 512 x 512 and one number', twice, run('Add', { a: square, b: tf.scalar(1) })),
    work('squared difference 512 x 512', 3 * square.size, run('SquaredDifference', { a: square, b: other })),
    work('maximum 512 x 512 and one number', twice, run('Maximum', { a: square, b: tf.scalar(0) })),
    work('greater 512 x 512', 2.25 * square.size, run('Greater', { a: square, b: other })),
    work('select 512 x 512', 3.25 * square.size, run('Select', { condition: mask, t: square, e: other })),
    work('leaky relu 512 x 512', twice, run('LeakyRelu', { x: square }, { alpha: 0.2 })),
    work('square by pow 512 x 512', twice, run('Pow', { a: square, b: tf.scalar(2) })),
    work('sum of 512 rows of 512', square.size, run('Sum', { x: square }, { axis: [0], keepDims: false })),
    work('maxima of 512 rows of 512', square.size, run('Max', { x: square }, along)),
    work('places of maxima, 512 rows of 512', square.size, run('ArgMax', { x: square }, { axis: 1 })),
    work('cumulative sums, 512 rows of 512', twice, run('Cumsum', { x: square }, { axis: 1 })),
  ]
}
