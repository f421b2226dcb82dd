import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { tensorView, wasmMemory } from '../src/index.js'
import './support.js'

beforeAll(() => tf.setBackend('wasm'))

afterEach(() => expect(tf.memory().numTensors).toBe(0))

describe('the view of a tensor', () => {
  it('is where the tensor lies after the heap has grown', () => {
    const tensor = tf.tensor1d([1, 2, 3])
    const early = tensorView(tensor)
    tf.zeros([wasmMemory().heapBytes / 4]).dispose()
    expect(early).toHaveLength(0)
    expect([...(tensorView(tensor) ?? [])]).toEqual([1, 2, 3])
    tensor.dispose()
  })

  it('is not there for strings, complex numbers and disposed tensors', () => {
    const complex = tf.complex([1], [2])
    const strings = tf.tensor1d(['a'])
    const gone = tf.scalar(1)
    gone.dispose()
    for (const tensor of [complex, strings, gone]) expect(tensorView(tensor)).toBeUndefined()
    complex.dispose()
    strings.dispose()
  })

  it('is not there for a tensor of another backend, which stays where it is', async () => {
    await tf.setBackend('cpu')
    const elsewhere = tf.tensor1d([1, 2])
    await tf.setBackend('wasm')
    expect(tensorView(elsewhere)).toBeUndefined()
    expect(tf.findBackend('cpu').numDataIds()).toBe(1)
    elsewhere.dispose()
  })
})
