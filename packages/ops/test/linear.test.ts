import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { type FusedActivation, linear, mse } from '../src/index.js'
import { type Argument, argument, checkLeaks, checkOp, numbers, sizeOf, type Values } from './support.js'

const activations: Record<FusedActivation | 'none', (z: number) => number> = {
  none: (z) => z,
  relu: (z) => Math.max(z, 0),
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  leakyRelu: (z) => (z > 0 ? z : 0.2 * z),
}

const affine =
  (inputs: number, outputs: number, f = activations.none) =>
  (x: Values, weight: Values, bias?: Values): Values =>
    Array.from({ length: (x.length / Math.max(inputs, 1)) * outputs }, (_, at) => {
      const [row, column] = [Math.floor(at / outputs), at % outputs]
      let z = bias?.[column] ?? 0
      for (let k = 0; k < inputs; k++) z += (x[row * inputs + k] as number) * (weight[k * outputs + column] as number)
      return f(z)
    })

describe('linear', () => {
  checkLeaks()

  it.each([
    { shape: [5, 3], outputs: 4 },
    { shape: [3], outputs: 4 },
    { shape: [2, 5, 3], outputs: 1 },
    { shape: [2, 1, 3, 7], outputs: 2 },
    { shape: [1, 1], outputs: 1 },
    { shape: [0, 3], outputs: 2 },
  ])('maps the last axis of $shape to $outputs and differentiates by x, weight and bias', ({ shape, outputs }) => {
    const inputs = shape[shape.length - 1] as number
    const operands: Argument[] = [argument(shape, 1), argument([inputs, outputs], 2), argument([outputs], 3)]
    checkOp({
      inputs: operands,
      op: (x, weight, bias) => linear(x as tf.Tensor, weight as tf.Tensor, bias),
      reference: (x, weight, bias) =>
        affine(inputs, outputs)(x as Values, weight as Values, bias).slice(0, (sizeOf(shape) / inputs) * outputs),
    })
  })

  it.each(Object.keys(activations) as (FusedActivation | 'none')[])('fuses activation %s', (activation) => {
    checkOp({
      inputs: [argument([6, 3], 4), argument([3, 5], 5), argument([5], 6)],
      op: (x, weight, bias) =>
        linear(x as tf.Tensor, weight as tf.Tensor, bias, {
          activation: activation === 'none' ? undefined : activation,
          negativeSlope: 0.2,
        }),
      reference: (x, weight, bias) => affine(3, 5, activations[activation])(x as Values, weight as Values, bias),
    })
  })

  it('works without a bias', () => {
    checkOp({
      inputs: [argument([4, 3], 7), argument([3, 2], 8)],
      op: (x, weight) => linear(x as tf.Tensor, weight as tf.Tensor),
      reference: (x, weight) => affine(3, 2)(x as Values, weight as Values),
    })
  })

  it('computes no gradient of an input that needs none, and reshapes nothing', async () => {
    const [x, target] = [tf.tensor2d(numbers(6), [2, 3]), tf.zeros([2, 4])]
    const [w, b] = tf.tidy(() => [tf.variable(tf.ones([3, 4])), tf.variable(tf.zeros([4]))]) as [
      tf.Variable,
      tf.Variable,
    ]
    const profile = await tf.profile(() => {
      const { value, grads } = tf.variableGrads(() => mse(linear(x, w, b), target) as tf.Scalar, [w, b])
      return [value, ...Object.values(grads)]
    })
    const count = (name: string) => profile.kernels.filter((kernel) => kernel.name === name).length
    expect(count('BatchMatMul')).toBe(1)
    tf.dispose([x, target, w, b, profile.result])
  })

  it('really reshapes where data lies differently for different shapes, as textures do', async () => {
    await tf.setBackend('cpu')
    const backend = tf.backend() as object as { texData?: object }
    backend.texData = {}
    try {
      checkOp({
        inputs: [argument([2, 5, 3], 1), argument([3, 4], 2), argument([4], 3)],
        op: (x, weight, bias) => linear(x as tf.Tensor, weight as tf.Tensor, bias),
        reference: (x, weight, bias) => affine(3, 4)(x as Values, weight as Values, bias),
      })
      const [x, weight] = [tf.ones([2, 5, 3]), tf.ones([3, 4])]
      const before = tf.memory().numTensors
      linear(x, weight).dispose()
      expect(tf.memory().numTensors).toBe(before)
      tf.dispose([x, weight])
    } finally {
      delete backend.texData
    }
  })

  it('gives the same under a profiler and in debug mode', () => {
    tf.tidy(() => {
      const operands = [tf.tensor(numbers(6), [2, 3]), tf.tensor(numbers(12, 2), [3, 4])]
      const run = () =>
        tf
          .grads((x: tf.Tensor, w: tf.Tensor) => linear(x, w))(operands)
          .map((g) => [...g.dataSync()])
      const plain = run()
      tf.env().set('DEBUG', true)
      try {
        expect(run()).toEqual(plain)
      } finally {
        tf.env().set('DEBUG', false)
      }
    })
  })

  it('says which shape it expected', () => {
    tf.tidy(() => {
      expect(() => linear(tf.ones([2, 3]), tf.ones([4, 5]))).toThrow(
        /linear: `x` must be \[\.\.\., 4\].*\[4, 5\].*\[2, 3\]/,
      )
      expect(() => linear(tf.ones([2, 4]), tf.ones([4, 5]), tf.ones([4]))).toThrow(/`bias` must have shape \[5\]/)
      expect(() => linear(tf.ones([2, 4], 'int32'), tf.ones([4, 5]))).toThrow(/`x` must be float32, but is int32/)
    })
  })
})
