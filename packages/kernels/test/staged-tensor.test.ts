import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { stageTensor, wasmMemory } from '../src/index.js'
import './support.js'

beforeAll(() => tf.setBackend('wasm'))

afterEach(() => {
  expect(tf.memory().numTensors).toBe(0)
  expect(tf.engine().backend.numDataIds()).toBe(0)
})

/** Takes more than the heap has, so that it must grow; and gives it back. */
function growHeap(): void {
  const before = wasmMemory().heapBytes
  tf.zeros([before / 4]).dispose()
  expect(wasmMemory().heapBytes).toBeGreaterThan(before)
}

describe('a staged tensor', () => {
  it.each([
    ['float32', Float32Array.of(1.5, -2, 3e-20, 4e20, -0.25, 6), [2, 3]],
    ['int32', Int32Array.of(-7, 0, 16_777_217), [3, 1]],
    ['bool', Uint8Array.of(1, 0, 1, 1), [2, 2]],
    ['float32', Float32Array.of(4), []],
    ['float32', new Float32Array(0), [0, 3]],
  ] as const)('becomes a %s tensor of the values that were written', (dtype, values, shape) => {
    const staged = stageTensor(shape, dtype)
    expect(staged.data).toHaveLength(values.length)
    staged.data.set(values)
    const tensor = staged.toTensor()
    expect(tensor.dtype).toBe(dtype)
    expect(tensor.shape).toEqual(shape)
    expect(tensor.dataSync()).toEqual(values)
    tensor.dispose()
  })

  it('keeps what was written when the heap grows, and shows it where it is then', () => {
    const staged = stageTensor([3], 'float32')
    const early = staged.data
    early.set([1, 2, 3])
    growHeap()
    expect(early).toHaveLength(0)
    expect([...staged.data]).toEqual([1, 2, 3])
    growHeap()
    const tensor = staged.toTensor()
    growHeap()
    expect([...tensor.dataSync()]).toEqual([1, 2, 3])
    tensor.dispose()
  })

  it('is an ordinary tensor afterwards: counted, tidied, computed with', () => {
    const total = tf.tidy(() => {
      const staged = stageTensor([2, 2], 'float32')
      expect(tf.memory().numTensors).toBe(0)
      staged.data.set([1, 2, 3, 4])
      const tensor = staged.toTensor()
      expect(tf.memory()).toMatchObject({ numTensors: 1, numBytes: 16 })
      return tf.matMul(tensor as tf.Tensor2D, tensor as tf.Tensor2D, true).arraySync()
    })
    expect(total).toEqual([
      [10, 14],
      [14, 20],
    ])
  })

  it('shows nothing, and makes no second tensor, once it is one; releasing it takes nothing from the tensor', () => {
    const staged = stageTensor([2], 'int32')
    staged.data.set([5, 6])
    const tensor = staged.toTensor()
    expect(staged.data).toEqual(new Int32Array(0))
    expect(() => staged.toTensor()).toThrow(/found one whose memory is a tensor’s already/)
    staged.release()
    const other = stageTensor([2], 'int32')
    other.data.set([0, 0])
    expect([...tensor.dataSync()]).toEqual([5, 6])
    other.release()
    tensor.dispose()
  })

  it('gives its memory back once, however often it is released', () => {
    const staged = stageTensor([1000], 'float32')
    staged.release()
    staged.release()
    expect(staged.data).toEqual(new Float32Array(0))
    expect(() => staged.toTensor()).toThrow(/was given back/)
    const [a, b] = [stageTensor([1000], 'float32'), stageTensor([1000], 'float32')]
    a.data.fill(1)
    b.data.fill(2)
    expect(a.data.every((value) => value === 1)).toBe(true)
    a.release()
    b.release()
  })

  it('costs the heap nothing in the long run, released or made a tensor', () => {
    const megabyte = () => stageTensor([256, 1024], 'float32')
    megabyte().release()
    const before = wasmMemory().heapBytes
    for (let i = 0; i < 500; i++) {
      megabyte().release()
      megabyte().toTensor().dispose()
    }
    expect(wasmMemory().heapBytes).toBe(before)
  })

  it('is counted from the start until it is released, or its tensor disposed', () => {
    const before = wasmMemory().tensorBytes
    const [released, made] = [stageTensor([1000], 'float32'), stageTensor([1000], 'bool')]
    expect(wasmMemory().tensorBytes).toBe(before + 5_000)
    released.release()
    const tensor = made.toTensor()
    expect(wasmMemory().tensorBytes).toBe(before + 1_000)
    tensor.dispose()
    expect(wasmMemory().tensorBytes).toBe(before)
  })

  it('is refused where the heap cannot hold it, with the bytes it would take', () => {
    expect(() => stageTensor([2 ** 15, 2 ** 15, 2], 'float32')).toThrow(
      /8589934592 bytes .*\(float32 tensor of shape \[32768, 32768, 2\], an upload\)/,
    )
  })

  it('needs the wasm backend', () => {
    expect(() => stageTensor([1], 'float32', null)).toThrow(/Expected the backend of @tensorflow\/tfjs-backend-wasm/)
  })
})
