import { registerKernels } from '@levin/kernels'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { convolutionCases } from './convolution-cases.js'
import { expectClose, random, upload } from './support.js'

registerKernels({ simd: 'simd' })

describe('Conv2DBackpropFilter and Conv2DBackpropInput', () => {
  convolutionCases()

  it('make conv2dTranspose the transpose of conv2d', () => {
    tf.tidy(() => {
      const x = upload(random([2, 7, 7, 3], 1)) as tf.Tensor4D
      const y = upload(random([2, 4, 4, 5], 2)) as tf.Tensor4D
      const w = upload(random([3, 3, 3, 5], 3)) as tf.Tensor4D
      const forward = tf.sum(tf.mul(tf.conv2d(x, w, 2, 'same'), y))
      const backward = tf.sum(tf.mul(x, tf.conv2dTranspose(y, w, [2, 7, 7, 3], 2, 'same')))
      expectClose({ shape: [], values: forward.dataSync() }, { shape: [], values: backward.dataSync() })
    })
  })

  it('refuse integers', () => {
    tf.tidy(() => {
      const x = tf.ones([1, 3, 3, 1], 'int32')
      const attrs = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', filterShape: [3, 3, 1, 1] }
      const call = () => tf.engine().runKernel('Conv2DBackpropFilter', { x, dy: x }, attrs)
      expect(call).toThrow(/takes float32, found int32/)
    })
  })
})
