import { assignPaths } from '@levin/core'
import '@tensorflow/tfjs-backend-cpu'
import { concat, ones, setBackend, slice, type Tensor } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { dropout, sequential } from '../src/index.js'
import { stepAt } from './support/parity.js'

beforeAll(() => setBackend('cpu'))

describe('dropout', () => {
  test('gives a sample the same mask however its window is split', () => {
    const layer = dropout(0.4)
    const x = ones([8, 5, 3])
    const run = (from: number, count: number): Tensor =>
      layer.forward(slice(x, [from, 0, 0], [count, 5, 3]), stepAt({ firstSample: from }))
    const whole = run(0, 8).dataSync()
    expect([...concat([run(0, 3), run(3, 5)]).dataSync()]).toEqual([...whole])
    expect(new Set(whole)).toEqual(new Set([0, Math.fround(1 / 0.6)]))
  })

  test('drops about its share', () => {
    const values = dropout(0.3)
      .forward(ones([50, 200]), stepAt())
      .dataSync()
    const dropped = values.filter((value) => value === 0).length / values.length
    expect(dropped).toBeGreaterThan(0.28)
    expect(dropped).toBeLessThan(0.32)
  })

  test('draws anew for every step, place and call', () => {
    const net = sequential(dropout(), dropout())
    assignPaths(net)
    const [first, second] = net.layers
    const x = ones([4, 16])
    const step = stepAt()
    const masks = [
      first.forward(x, step),
      first.forward(x, step),
      second.forward(x, step),
      first.forward(x, stepAt({ globalStep: 1 })),
    ].map((mask) => mask.dataSync().join())
    expect(new Set(masks).size).toBe(4)
  })

  test('returns its input outside training, and at rate 0', () => {
    const x = ones([2, 2])
    expect(dropout(0.5).forward(x, stepAt({ mode: 'validate' }))).toBe(x)
    expect(dropout(0).forward(x, stepAt())).toBe(x)
  })

  test('drops everything at rate 1', () => {
    expect([
      ...dropout(1)
        .forward(ones([2, 2]), stepAt())
        .dataSync(),
    ]).toEqual([0, 0, 0, 0])
  })
})
