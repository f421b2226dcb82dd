import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { cpuKernel, expectClose, type HostTensor, kernel, random } from './support.js'

const a = random([2, 5, 7], 1)
const b = random([2, 7, 9], 2)
const linear = { transposeA: false, transposeB: false, activation: 'linear' }

async function expectLikeCpu(inputs: Record<string, HostTensor>, attrs: Record<string, unknown>): Promise<void> {
  expectClose(kernel('_FusedMatMul', inputs, attrs), await cpuKernel('_FusedMatMul', inputs, attrs))
}

describe('_FusedMatMul', () => {
  it.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'])(
    'applies %s after the bias',
    async (activation) => {
      const large = { ...b, values: (b.values as Float32Array).map((value) => 10 * value) }
      await expectLikeCpu({ a, b: large, bias: random([9], 3) }, { ...linear, activation, leakyreluAlpha: 0.3 })
      await expectLikeCpu({ a, b: large }, { ...linear, activation, leakyreluAlpha: 0.3 })
    },
  )

  it.each([[[9]], [[1]], [[]], [[1, 9]], [[5, 1]], [[5, 9]], [[2, 1, 1]], [[2, 5, 9]]])(
    'adds a bias of shape %j',
    async (shape) => {
      await expectLikeCpu({ a, b, bias: random(shape, 4) }, { ...linear, activation: 'relu' })
    },
  )

  it.each([[[9]], [[1]], [[5, 9]], [[5, 1]], [[2, 5, 9]]])('applies prelu with slopes of shape %j', async (shape) => {
    const attrs = { ...linear, activation: 'prelu' }
    await expectLikeCpu({ a, b, preluActivationWeights: random(shape, 5), bias: random([9], 3) }, attrs)
  })

  it('lets NaN through the bias and every activation', async () => {
    const bias = random([9], 3)
    bias.values[4] = Number.NaN
    bias.values[8] = Number.NaN
    for (const activation of ['relu', 'leakyrelu', 'elu', 'sigmoid']) {
      const out = kernel('_FusedMatMul', { a, b, bias }, { ...linear, activation, leakyreluAlpha: 0.1 })
      expect([...out.values].filter(Number.isNaN), activation).toHaveLength(20)
    }
  })

  it('is what tf.fused.matMul calls', () => {
    tf.tidy(() => {
      const options = {
        a: tf.ones([2, 3]) as tf.Tensor2D,
        b: tf.ones([3, 4]) as tf.Tensor2D,
        activation: 'relu' as const,
      }
      const out = tf.fused.matMul({ ...options, bias: tf.tensor1d([-5, -3, 0, 1]) })
      expect([...out.dataSync()]).toEqual([0, 0, 3, 4, 0, 0, 3, 4])
    })
  })

  it('names the activations it knows when it is given another', () => {
    const call = () => kernel('_FusedMatMul', { a, b }, { ...linear, activation: 'gelu' })
    expect(() => tf.tidy(() => void call())).toThrow(/one of linear, relu, .*sigmoid, found gelu/)
  })
})
