import { inferenceStep, Module } from '@levin/core'
import { ones, setBackend, type Tensor4D, tensor1d } from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, test } from 'vitest'
import { conv2d, crossEntropy, flatten, linear, maxPool2d, relu, sequential } from '../src/index.js'

beforeAll(() => setBackend('cpu'))

class Digits extends Module {
  readonly net = sequential(conv2d(1, 16, 3), relu(), maxPool2d(2), flatten(), linear(16 * 13 * 13, 10))
}

describe('sequential', () => {
  test('names its members by their place', () => {
    const module = new Digits().build()
    expect([...module.namedParameters().keys()]).toEqual(['net.0.weight', 'net.0.bias', 'net.4.weight', 'net.4.bias'])
    module.dispose()
  })

  test('runs its members one after the other', () => {
    const module = new Digits().build()
    const logits = module.net.forward(ones([2, 28, 28, 1]) as Tensor4D, inferenceStep())
    expect(logits.shape).toEqual([2, 10])
    expect(crossEntropy(logits, tensor1d([1, 2], 'int32')).dataSync()[0]).toBeGreaterThan(0)
    module.dispose()
  })
})
