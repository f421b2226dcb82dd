import { type Initializer, Module, Parameter } from '@levin/core'
import '@tensorflow/tfjs-backend-cpu'
import { setBackend } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  batchNorm,
  conv1d,
  conv2d,
  depthwiseConv2d,
  embedding,
  kaimingNormal,
  kaimingUniform,
  layerNorm,
  linear,
  orthogonal,
  truncatedNormal,
  xavierNormal,
  xavierUniform,
} from '../src/index.js'

beforeAll(() => setBackend('cpu'))

const initializers: readonly (readonly [string, Initializer])[] = [
  ['kaimingUniform', kaimingUniform({ a: 1 })],
  ['kaimingNormal', kaimingNormal({ mode: 'fanOut', nonlinearity: 'relu' })],
  ['xavierUniform', xavierUniform({ gain: 2 })],
  ['xavierNormal', xavierNormal()],
  ['orthogonal', orthogonal({ gain: 3 })],
  ['truncatedNormal', truncatedNormal({ mean: 1, standardDeviation: 2, low: 0, high: 4 })],
]

/** The values of a parameter of this shape, or of a part of it. */
function draw(
  initializer: Initializer,
  shape: readonly number[],
  shard?: { start: readonly number[]; shape: readonly number[] },
): Float32Array {
  const parameter = new Parameter(shape, initializer)
  parameter.addPath('net.0.weight')
  parameter.materialise({ seed: 5, shard })
  const values = parameter.value.dataSync<'float32'>()
  parameter.dispose()
  return values
}

const variance = (values: ArrayLike<number>): number => {
  const all = Array.from(values)
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length
  return all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length
}

const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs))

describe('initialisers', () => {
  test.each(initializers)('%s gives a shard the values of its place in the whole', (_name, initializer) => {
    const whole = draw(initializer, [3, 4, 6])
    const shard = draw(initializer, [3, 4, 6], { start: [1, 0, 2], shape: [2, 4, 3] })
    const expected: number[] = []
    for (let i = 1; i < 3; i++) {
      for (let j = 0; j < 4; j++) for (let k = 2; k < 5; k++) expected.push(whole[(i * 4 + j) * 6 + k] as number)
    }
    expect([...shard]).toEqual(expected)
  })

  test.each([
    ['kaimingUniform', kaimingUniform(), 2 / 40],
    ['kaimingUniform of the backward pass', kaimingUniform({ mode: 'fanOut' }), 2 / 60],
    ['kaimingNormal', kaimingNormal({ a: 1 }), 1 / 40],
    ['kaimingNormal before tanh', kaimingNormal({ nonlinearity: 'tanh' }), 25 / 9 / 40],
    ['kaimingNormal of a given fan', kaimingNormal({ fan: 8 }), 2 / 8],
    ['xavierUniform', xavierUniform(), 2 / 100],
    ['xavierNormal', xavierNormal({ gain: 3 }), 18 / 100],
    ['truncatedNormal', truncatedNormal(), 0.7737],
  ])('%s has the variance that its paper asks for', (_name, initializer, expected) => {
    for (const shape of [
      [40, 60],
      [2, 2, 10, 15],
    ]) {
      const ratio = variance(draw(initializer, shape)) / expected
      expect(Math.abs(ratio - 1), `${shape}: ${ratio}`).toBeLessThan(0.12)
    }
  })

  test('truncatedNormal stays within its bounds', () => {
    const values = draw(truncatedNormal({ mean: 1, standardDeviation: 3, low: 0.5, high: 2 }), [1000])
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0.5)
    expect(Math.max(...values)).toBeLessThanOrEqual(2)
  })

  test.each([
    ['tall', [2, 4, 5]],
    ['wide', [4, 9]],
    ['square', [6, 6]],
  ])('orthogonal makes the fewer of rows and columns of a %s weight orthonormal', (_name, shape) => {
    const values = draw(orthogonal({ gain: 2 }), shape)
    const columns = shape.at(-1) as number
    const rows = values.length / columns
    const count = Math.min(rows, columns)
    const at = (v: number, i: number): number => values[rows < columns ? v * columns + i : i * columns + v] as number
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let product = 0
        for (let i = 0; i < Math.max(rows, columns); i++) product += at(a, i) * at(b, i)
        expect(product).toBeCloseTo(a === b ? 4 : 0, 5)
      }
    }
  })
})

class Everything extends Module {
  readonly linear = linear(50, 40)
  readonly conv1d = conv1d(8, 60, 5)
  readonly conv2d = conv2d(6, 70, [2, 3])
  readonly depthwise = depthwiseConv2d(90, 3, { multiplier: 4 })
  readonly embedding = embedding(100, 40, { paddingIndex: 7 })
  readonly batchNorm = batchNorm(5)
  readonly layerNorm = layerNorm([2, 3])
}

describe('layers are initialised as in PyTorch', () => {
  const module = () => new Everything().build({ seed: 1 })

  test.each([
    ['linear', 50],
    ['conv1d', 40],
    ['conv2d', 36],
    ['depthwise', 9],
  ] as const)('%s uniformly within ±1/√fan', (name, fan) => {
    const { weight, bias } = module()[name]
    const bound = 1 / Math.sqrt(fan)
    for (const parameter of [weight, bias]) {
      const values = parameter?.value.dataSync() as Float32Array
      expect(largest(values)).toBeLessThanOrEqual(bound)
      expect(largest(values)).toBeGreaterThan(0.9 * bound)
      expect(variance(values) / (bound ** 2 / 3)).toBeCloseTo(1, 0.4)
    }
  })

  test('embedding with N(0, 1), and zeros for the row of the padding', () => {
    const { embedding } = module()
    const values = embedding.weight.value.dataSync()
    expect(variance(values)).toBeCloseTo(1, 1)
    expect([...values.slice(7 * 40, 8 * 40)]).toEqual(Array(40).fill(0))
    embedding.weight.dispose()
    embedding.weight.materialise({ seed: 1, shard: { start: [6, 10], shape: [2, 3] } })
    const shard = embedding.weight.value.dataSync()
    expect([...shard]).toEqual([...values.slice(6 * 40 + 10, 6 * 40 + 13), 0, 0, 0])
  })

  test('norms with ones and zeros', () => {
    const { batchNorm, layerNorm } = module()
    expect([...(batchNorm.weight?.value.dataSync() ?? [])]).toEqual(Array(5).fill(1))
    expect([...(batchNorm.bias?.value.dataSync() ?? [])]).toEqual(Array(5).fill(0))
    expect([...batchNorm.runningMean.value.dataSync()]).toEqual(Array(5).fill(0))
    expect([...batchNorm.runningVariance.value.dataSync()]).toEqual(Array(5).fill(1))
    expect([...(layerNorm.weight?.value.dataSync() ?? [])]).toEqual(Array(6).fill(1))
    expect([...(layerNorm.bias?.value.dataSync() ?? [])]).toEqual(Array(6).fill(0))
  })

  test('biases and norms are left out of weight decay', () => {
    const decaying = module()
      .parameters()
      .filter(({ decay }) => decay)
      .map(({ path }) => path)
    expect(decaying).toEqual([
      'linear.weight',
      'conv1d.weight',
      'conv2d.weight',
      'depthwise.weight',
      'embedding.weight',
    ])
  })
})
