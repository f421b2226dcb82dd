import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { convolutionCases } from './convolution-cases.js'
import { cpuKernel, expectClose, kernel, random, upload } from './support.js'

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

describe('FusedConv2D', () => {
  const x = random([2, 9, 8, 3], 1)
  const filter = random([3, 3, 3, 6], 2)
  const attrs = { strides: [1, 2], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1], dimRoundingMode: 'floor' }

  it.each(['linear', 'relu', 'relu6', 'leakyrelu', 'prelu', 'elu', 'sigmoid'])(
    'with %s is that of the JavaScript backend',
    async (activation) => {
      const bias = random([6], 3)
      const slope = activation === 'prelu' ? { preluActivationWeights: random([6], 4) } : {}
      for (const inputs of [
        { x, filter, bias, ...slope },
        { x, filter, ...slope },
      ]) {
        const call = ['FusedConv2D', inputs, { ...attrs, activation, leakyreluAlpha: 0.1 }] as const
        expectClose(kernel(...call), await cpuKernel(...call))
      }
    },
  )

  it('keeps NaN through relu, and takes one bias for all channels', () => {
    const bias = { shape: [1], values: Float32Array.of(Number.NaN) }
    const found = kernel('FusedConv2D', { x, filter, bias }, { ...attrs, activation: 'relu' })
    expect(found.values.every(Number.isNaN)).toBe(true)
  })

  it('is the stock one where the filter is dilated', async () => {
    const call = ['Conv2D', { x, filter }, { ...attrs, strides: [1, 1], dilations: [2, 2] }] as const
    expectClose(kernel(...call), await cpuKernel(...call))
  })
})
