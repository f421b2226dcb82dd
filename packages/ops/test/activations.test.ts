import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { elu, gelu, hardSwish, leakyRelu, relu, sigmoid, silu, softplus, tanh } from '../src/index.js'
import { argument, checkLeaks, checkOp, type Values } from './support.js'

type Case = [name: string, op: (x: tf.Tensor) => tf.Tensor, reference: (x: number) => number]

/** erf by its series, to double precision for the arguments used here. */
function erf(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

const cases: Case[] = [
  ['relu', relu, (x) => Math.max(x, 0)],
  ['leakyRelu', (x) => leakyRelu(x, 0.1), (x) => (x > 0 ? x : 0.1 * x)],
  ['leakyRelu with slope 0', (x) => leakyRelu(x, 0), (x) => Math.max(x, 0)],
  ['elu', elu, (x) => (x > 0 ? x : Math.expm1(x))],
  ['elu with alpha 0.5', (x) => elu(x, 0.5), (x) => (x > 0 ? x : 0.5 * Math.expm1(x))],
  ['tanh', tanh, Math.tanh],
  ['sigmoid', sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  ['softplus', softplus, (x) => Math.log1p(Math.exp(x))],
  ['gelu', gelu, (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))],
  [
    'gelu by tanh',
    (x) => gelu(x, { approximate: 'tanh' }),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  ['silu', silu, (x) => x / (1 + Math.exp(-x))],
  ['hardSwish', hardSwish, (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6],
]

describe.each(cases)('%s', (_name, op, reference) => {
  checkLeaks()
  const elementwise = (x: Values) => x.map(reference)

  it.each([[[3, 4]], [[]], [[1]], [[2, 0, 3]], [[1, 2, 3, 4, 5]]])('has value and gradient for shape %j', (shape) => {
    checkOp({
      inputs: [argument(shape, 1, -4, 4)],
      op: (x) => op(x as tf.Tensor),
      reference: (x) => elementwise(x as Values),
    })
  })
})

describe('activations at their edges', () => {
  checkLeaks()
  const slopeAt = (op: (x: tf.Tensor) => tf.Tensor, points: number[]) =>
    tf.tidy(() => [...tf.grad(op)(tf.tensor1d(points)).dataSync()])

  it('have the one-sided derivatives that PyTorch has at their kinks', () => {
    expect(slopeAt(relu, [0])).toEqual([0])
    expect(slopeAt((x) => leakyRelu(x, 0.25), [0])).toEqual([0.25])
    expect(slopeAt(elu, [0])).toEqual([1])
    expect(slopeAt(hardSwish, [-3, 3])).toEqual([0, 1])
  })

  it('neither overflow nor turn into NaN far out', () => {
    for (const op of [elu, tanh, sigmoid, softplus, gelu, silu, hardSwish]) {
      expect(slopeAt(op, [-100, 100]).every(Number.isFinite), op.name).toBe(true)
    }
  })

  it('refuse what they cannot differentiate from the output', () => {
    tf.tidy(() => {
      expect(() => leakyRelu(tf.ones([1]), -0.1)).toThrow(/leakyRelu: `negativeSlope` must be 0 or more/)
      expect(() => elu(tf.ones([1]), 0)).toThrow(/elu: `alpha` must be above 0/)
      expect(() => gelu(tf.ones([1], 'int32'))).toThrow(/gelu: `x` must be float32/)
    })
  })
})
