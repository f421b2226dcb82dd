import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { cpuKernel, expectClose, kernel, random } from './support.js'

describe('ClipByValue and Relu6', () => {
  it.each([[[0]], [[1]], [[5]], [[3, 7]], [[16]]])(
    'clip shape %j like the JavaScript backend, NaN included',
    async (shape) => {
      const x = random(shape, 1)
      if (x.values.length > 2) {
        x.values[0] = Number.NaN
        x.values[1] = Number.POSITIVE_INFINITY
        x.values[x.values.length - 1] = Number.NaN
      }
      const attrs = { clipValueMin: -0.25, clipValueMax: 0.5 }
      expectClose(kernel('ClipByValue', { x }, attrs), await cpuKernel('ClipByValue', { x }, attrs))
      expectClose(kernel('Relu6', { x }), await cpuKernel('Relu6', { x }))
    },
  )
})

describe('Prelu', () => {
  it.each([[[]], [[4]], [[1, 1, 4]], [[3, 4]], [[3, 1]], [[2, 1, 1]], [[2, 3, 4]], [[2, 1, 4]]])(
    'with slopes of shape %j is that of the JavaScript backend',
    async (shape) => {
      const inputs = { x: random([2, 3, 4], 1), alpha: random(shape, 2) }
      expectClose(kernel('Prelu', inputs), await cpuKernel('Prelu', inputs))
    },
  )
})

describe('Identity', () => {
  it('shares the data with the original, and outlives it', () => {
    const x = tf.tensor1d([1, 2, 3])
    const buffers = tf.engine().backend.numDataIds()
    const y = tf.clone(x)
    expect(tf.engine().backend.numDataIds()).toBe(buffers)
    x.dispose()
    expect([...y.dataSync()]).toEqual([1, 2, 3])
    y.dispose()
    expect(tf.engine().backend.numDataIds()).toBe(buffers - 1)
  })

  it('keeps a clone of a variable when the variable is assigned', () => {
    const variable = tf.variable(tf.tensor1d([1, 2]))
    const before = variable.clone()
    const next = tf.tensor1d([3, 4])
    variable.assign(next)
    next.dispose()
    expect([...before.dataSync()]).toEqual([1, 2])
    expect([...variable.dataSync()]).toEqual([3, 4])
    before.dispose()
    variable.dispose()
  })
})

describe('Cast', () => {
  it('makes true of everything but zero', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([0, 1, 256, -3, 0.5, Number.NaN])
      expect([...tf.cast(x, 'bool').dataSync()]).toEqual([0, 1, 1, 1, 1, 1])
      expect([...tf.cast(tf.tensor1d([0, 256], 'int32'), 'bool').dataSync()]).toEqual([0, 1])
    })
  })

  it('leaves the others to the stock kernel', () => {
    tf.tidy(() => {
      expect([...tf.cast(tf.tensor1d([1.7, -1.7]), 'int32').dataSync()]).toEqual([1, -1])
      expect(tf.cast(tf.tensor1d([1, 0], 'bool'), 'float32').dataSync()).toEqual(Float32Array.of(1, 0))
    })
  })
})

describe('BatchMatMul of integers', () => {
  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('is exact (transposes %s, %s)', (ta, tb) => {
    tf.tidy(() => {
      const values = (rows: number, columns: number) =>
        Int32Array.from({ length: rows * columns }, (_, i) => ((i * 37) % 101) - 50)
      const a = tf.tensor2d(values(3, 4), [3, 4], 'int32')
      const b = tf.tensor2d(values(4, 5), [4, 5], 'int32')
      const out = tf.matMul(ta ? tf.transpose(a) : a, tb ? tf.transpose(b) : b, ta, tb)
      const wanted = tf.matMul(tf.cast(a, 'float32'), tf.cast(b, 'float32'))
      expect(out.dtype).toBe('int32')
      expect([...out.dataSync()]).toEqual([...wanted.dataSync()])
    })
  })
})

describe('Sign, Floor, Ceil, Reciprocal, LeakyRelu and Selu', () => {
  it.each([[[0]], [[1]], [[5]], [[3, 7]], [[16]], [[35]]])(
    'of shape %j are those of the JavaScript backend',
    async (shape) => {
      const x = random(shape, 1)
      x.values.forEach((value, at) => {
        x.values[at] = value * 4
      })
      if (x.values.length > 6) x.values.set([Number.NaN, Number.POSITIVE_INFINITY, 0, -0, Number.NEGATIVE_INFINITY], 1)
      for (const name of ['Sign', 'Floor', 'Ceil', 'Reciprocal', 'Selu']) {
        expectClose(kernel(name, { x }), await cpuKernel(name, { x }), { absolute: 1e-6, relative: 1e-6 })
      }
      const attrs = { alpha: 0.3 }
      expectClose(kernel('LeakyRelu', { x }, attrs), await cpuKernel('LeakyRelu', { x }, attrs), { absolute: 0 })
    },
  )
})

describe('Pow', () => {
  it.each([1, 2, 3, -1, 0, 0.5, -2.5])('of %d is that of the JavaScript backend', async (exponent) => {
    for (const shape of [[], [0], [37]]) {
      const x = random(shape, 1)
      if (x.values.length > 6) x.values.set([Number.NaN, Number.POSITIVE_INFINITY, 0, -0, Number.NEGATIVE_INFINITY], 1)
      const inputs = { a: x, b: { shape: [], values: Float32Array.of(exponent) } }
      expectClose(kernel('Pow', inputs), await cpuKernel('Pow', inputs), { absolute: 0, relative: 1e-6 })
    }
  })

  it('takes one exponent per element, and a base for many exponents', async () => {
    const [a, b] = [random([3, 4], 1), random([3, 4], 2)]
    expectClose(kernel('Pow', { a, b }), await cpuKernel('Pow', { a, b }))
    const two = { shape: [], values: Float32Array.of(2) }
    expectClose(kernel('Pow', { a: two, b }), await cpuKernel('Pow', { a: two, b }))
  })
})

describe('Tile', () => {
  it.each([
    [[3], [4]],
    [
      [1, 3],
      [5, 1],
    ],
    [
      [3, 1],
      [1, 9],
    ],
    [
      [2, 3],
      [2, 3],
    ],
    [
      [2, 3, 2],
      [2, 1, 3],
    ],
    [
      [2, 3],
      [1, 1],
    ],
    [
      [2, 3],
      [0, 2],
    ],
  ])('of %j by %j is that of the JavaScript backend', async (shape, reps) => {
    const x = random(shape, 1)
    expectClose(kernel('Tile', { x }, { reps }), await cpuKernel('Tile', { x }, { reps }))
    tf.tidy(() => {
      const truth = tf.greater(tf.tensor(x.values as Float32Array, shape), 0)
      const tiled = tf.tile(truth, reps)
      expect(tiled.dtype).toBe('bool')
      expect([...tf.cast(tiled, 'float32').dataSync()]).toEqual([
        ...tf.tile(tf.cast(truth, 'float32'), reps).dataSync(),
      ])
    })
  })
})
