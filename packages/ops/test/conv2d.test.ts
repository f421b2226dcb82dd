import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { conv2d } from '../src/index.js'
import { argument, checkLeaks, checkOp, type Values } from './support.js'

interface Case {
  readonly x: [number, number, number, number]
  readonly filter: [number, number, number, number]
  readonly strides?: [number, number]
  /** Rows above and below, columns left and right. */
  readonly padding?: [[number, number], [number, number]]
}

const cases: Case[] = [
  { x: [2, 5, 4, 3], filter: [3, 2, 3, 4] },
  { x: [1, 6, 7, 2], filter: [3, 3, 2, 3], strides: [2, 3] },
  {
    x: [2, 3, 4, 1],
    filter: [3, 3, 1, 2],
    padding: [
      [1, 2],
      [0, 1],
    ],
  },
  { x: [2, 3, 3, 2], filter: [1, 1, 2, 5] },
  { x: [0, 3, 3, 2], filter: [2, 2, 2, 1] },
]

const out = (size: number, taps: number, stride: number, [before, after]: [number, number]) =>
  Math.floor((size + before + after - taps) / stride) + 1

/** Every output by its definition, in float64. */
function reference({ x: shape, filter: taps, strides = [1, 1], padding }: Case) {
  const [batch, height, width, inputs] = shape
  const [rows, columns, , outputs] = taps
  const [down, across] = padding ?? [
    [0, 0],
    [0, 0],
  ]
  const [outHeight, outWidth] = [out(height, rows, strides[0], down), out(width, columns, strides[1], across)]
  return (x: Values, w: Values, bias: Values = []): Values =>
    Array.from({ length: batch * outHeight * outWidth * outputs }, (_, at) => {
      const o = at % outputs
      const column = Math.floor(at / outputs) % outWidth
      const row = Math.floor(at / outputs / outWidth) % outHeight
      const n = Math.floor(at / outputs / outWidth / outHeight)
      let sum = bias[o] ?? 0
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const [i, j] = [row * strides[0] + r - down[0], column * strides[1] + c - across[0]]
          if (i < 0 || i >= height || j < 0 || j >= width) continue
          for (let k = 0; k < inputs; k++) {
            const pixel = x[((n * height + i) * width + j) * inputs + k] as number
            sum += pixel * (w[((r * columns + c) * inputs + k) * outputs + o] as number)
          }
        }
      }
      return sum
    })
}

const tfjsPadding = (padding: Case['padding']) =>
  padding && ([[0, 0], ...padding, [0, 0]] as tf.backend_util.ExplicitPadding)

describe('conv2d', () => {
  checkLeaks()

  it.each(cases)('$x by $filter: values, and gradients by x, filter and bias', (shapes) => {
    checkOp({
      inputs: [argument(shapes.x, 1), argument(shapes.filter, 2), argument([shapes.filter[3]], 3)],
      op: (x, filter, bias) =>
        conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, bias, {
          strides: shapes.strides,
          padding: tfjsPadding(shapes.padding),
        }),
      reference: (x, filter, bias) => reference(shapes)(x as Values, filter as Values, bias),
    })
  })

  it('works without a bias', () => {
    const shapes: Case = { x: [1, 3, 3, 1], filter: [2, 2, 1, 2] }
    checkOp({
      inputs: [argument(shapes.x, 4), argument(shapes.filter, 5)],
      op: (x, filter) => conv2d(x as tf.Tensor4D, filter as tf.Tensor4D),
      reference: (x, filter) => reference(shapes)(x as Values, filter as Values),
    })
  })

  it('names what does not fit', () => {
    tf.tidy(() => {
      const [x, filter] = [tf.zeros<tf.Rank.R4>([1, 3, 3, 2]), tf.zeros<tf.Rank.R4>([2, 2, 3, 4])]
      expect(() => conv2d(x, filter)).toThrow(/`x` must be \[batch, height, width, 3\].*has shape \[1, 3, 3, 2\]/)
      const fitting = tf.zeros<tf.Rank.R4>([2, 2, 2, 4])
      expect(() => conv2d(x, fitting, tf.zeros([3]))).toThrow(/`bias`/)
      expect(() => conv2d(x, tf.zeros([2, 2]) as tf.Tensor as tf.Tensor4D)).toThrow(
        /`filter` must be \[height, width, in, out\]/,
      )
    })
  })
})
