import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { cpuKernel, expectClose, type HostTensor, kernel, random, upload } from './support.js'

const ids = (shape: number[], values: number[]): HostTensor => ({ shape, values: Int32Array.from(values) })

describe('GatherV2', () => {
  it.each([
    [[7], [4], [6, 0, 0, 3], 0],
    [[7, 5], [2, 2], [6, 0, 0, 3], 0],
    [[7, 5], [3], [4, 4, 1], 1],
    [[3, 4, 5], [2], [3, 1], 1],
    [[3, 4, 5], [2], [2, 0], -1],
    [[3, 4, 5], [], [2], 0],
    [[3, 4, 5], [0], [], 1],
  ])('of %j by ids of %j: %j along axis %i is that of the JavaScript backend', async (shape, idShape, values, axis) => {
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      const call = async (run: typeof cpuKernel | typeof kernel) => {
        if (run === cpuKernel) await tf.setBackend('cpu')
        const x = tf.cast(upload(random(shape, 1)), dtype)
        const indices = upload(ids(idShape, values), 'int32')
        const found = kernel('GatherV2', { x, indices }, { axis, batchDims: 0 })
        tf.dispose([x, indices])
        await tf.setBackend('wasm')
        return found
      }
      expectClose(await call(kernel), await call(cpuKernel))
    }
  })

  it('names an id outside the axis, and leaves nothing behind', () => {
    const x = tf.ones([4, 3])
    for (const wrong of [4, -1]) {
      const indices = tf.tensor1d([0, wrong], 'int32')
      const buffers = tf.engine().backend.numDataIds()
      expect(() => tf.gather(x, indices)).toThrow(`the index value ${wrong} is not in [0, 3]`)
      expect(tf.engine().backend.numDataIds()).toBe(buffers)
      indices.dispose()
    }
    x.dispose()
  })
})
