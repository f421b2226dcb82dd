import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { embedding } from '../src/index.js'
import { argument, checkLeaks, checkOp, difference, type Values } from './support.js'

const lookup =
  (ids: number[], width: number) =>
  (table: Values): Values =>
    ids.flatMap((id) => table.slice(id * width, (id + 1) * width))

describe('embedding', () => {
  checkLeaks()

  it.each([
    { ids: [3, 0, 3, 3, 1, 0], shape: [2, 3], width: 4 },
    { ids: [2], shape: [], width: 3 },
    { ids: [0, 0], shape: [2], width: 1 },
    { ids: [], shape: [0], width: 2 },
    { ids: [1, 2], shape: [1, 2, 1], width: 2 },
  ])('looks up ids $ids of shape $shape and adds up gradients of repeated ones', ({ ids, shape, width }) => {
    checkOp({
      inputs: [argument([5, width], 1)],
      op: (table) => embedding(table as tf.Tensor, tf.tensor(ids, shape, 'int32')),
      reference: (table) => lookup(ids, width)(table as Values),
    })
  })

  it('leaves the padding row without gradient, and only that one', () => {
    tf.tidy(() => {
      const table = argument([3, 2], 2)
      const ids = [1, 0, 1, 2]
      const gradient = tf.grad((table: tf.Tensor) => embedding(table, tf.tensor1d(ids, 'int32'), { paddingIndex: 1 }))(
        tf.tensor2d(table.values, [3, 2]),
      )
      const full = difference([table], (table) => lookup(ids, 2)(table as Values), new Array(8).fill(1), 0)
      full.splice(2, 2, 0, 0)
      expect([...gradient.dataSync()].map((value) => Math.round(value * 1e4) / 1e4)).toEqual(full.map(Math.round))
    })
  })

  it('says what does not fit, and which id is outside the table', () => {
    tf.tidy(() => {
      expect(() => embedding(tf.ones([3, 2]), tf.tensor1d([0, 1]))).toThrow(/`ids` must be int32/)
      expect(() => embedding(tf.ones([3]), tf.tensor1d([0], 'int32'))).toThrow(/`table` must be \[count, width\]/)
      expect(() => embedding(tf.ones([3, 2]), tf.tensor1d([0], 'int32'), { paddingIndex: 3 })).toThrow(/0 to 2/)
      expect(() => embedding(tf.ones([3, 2]), tf.tensor1d([7], 'int32'))).toThrow(/7 is not in \[0, 2\]/)
    })
  })
})
