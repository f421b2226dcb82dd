import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { matmulCases } from './matmul-cases.js'
import { random, upload } from './support.js'

describe('BatchMatMul', () => {
  matmulCases()

  it('refuses booleans, and says how to convert them', () => {
    tf.tidy(() => {
      const a = tf.ones([2, 2], 'bool')
      expect(() => tf.matMul(a, a)).toThrow(/takes float32, found bool; convert with tf.cast/)
    })
  })

  it('gives the same numbers before and after the heap has grown', () => {
    tf.tidy(() => {
      const a = upload(random([33, 65], 1)) as tf.Tensor2D
      const b = upload(random([65, 17], 2)) as tf.Tensor2D
      const before = tf.matMul(a, b).dataSync()
      const large = tf.zeros([48 * 1024 * 1024])
      expect(tf.matMul(a, b).dataSync()).toEqual(before)
      large.dispose()
    })
  })

  it('gives one row of a product of many rows bit for bit, whatever the other rows hold', () => {
    tf.tidy(() => {
      const b = upload(random([65, 17], 2)) as tf.Tensor2D
      const rows = random([40, 65], 3)
      const whole = tf.matMul(upload(rows) as tf.Tensor2D, b).dataSync()
      rows.values.fill(Number.NaN, 65)
      expect(
        tf
          .matMul(upload(rows) as tf.Tensor2D, b)
          .dataSync()
          .slice(0, 17),
      ).toEqual(whole.slice(0, 17))
    })
  })
})
