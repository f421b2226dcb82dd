import { describe, expect, test } from 'vitest'
import { randomSampler, sequentialSampler, subsetSampler, weightedSampler } from '../src/index.js'

const at = (length: number, epoch = 0, seed = 1) => ({ length, epoch, seed })
const ascending = (values: ArrayLike<number>) => Array.from(values).sort((a, b) => a - b)
const upTo = (length: number) => Array.from({ length }, (_, i) => i)

test('sequential keeps the order', () => {
  expect([...(sequentialSampler().order(at(4)) as Uint32Array)]).toEqual([0, 1, 2, 3])
})

describe('random', () => {
  test('without replacement is a permutation, or the first part of one, or several', () => {
    expect(ascending(randomSampler().order(at(30)))).toEqual(upTo(30))
    const part = randomSampler({ samples: 10 })
    expect(Array.from(part.order(at(30)))).toEqual(Array.from(randomSampler().order(at(30))).slice(0, 10))
    const order = Array.from(randomSampler({ samples: 75 }).order(at(30)))
    expect(order).toHaveLength(75)
    expect(ascending(order.slice(0, 30))).toEqual(upTo(30))
    expect(ascending(order.slice(30, 60))).toEqual(upTo(30))
    expect(order.slice(30, 60)).not.toEqual(order.slice(0, 30))
    expect(new Set(order.slice(60)).size).toBe(15)
  })

  test('with replacement draws each sample equally often', () => {
    const counts = new Array<number>(5).fill(0)
    const order = Array.from(randomSampler({ replacement: true, samples: 50_000 }).order(at(5)))
    for (const index of order) counts[index] = (counts[index] as number) + 1
    // Five standard deviations of a binomial count: √(50000 · 0.2 · 0.8) = 89.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(450)
  })

  test('is a function of seed and epoch', () => {
    for (const sampler of [randomSampler(), randomSampler({ replacement: true })]) {
      expect(sampler.order(at(40, 2, 3))).toEqual(sampler.order(at(40, 2, 3)))
      expect(sampler.order(at(40, 2, 3))).not.toEqual(sampler.order(at(40, 3, 3)))
      expect(sampler.order(at(40, 2, 3))).not.toEqual(sampler.order(at(40, 2, 4)))
    }
  })
})

describe('weighted', () => {
  test('draws in proportion to the weights, and never what weighs nothing', () => {
    const weights = [0, 1, 3, 0, 6, 0]
    const order = weightedSampler({ weights, samples: 50_000 }).order(at(6))
    const shares = weights.map((_, index) => Array.from(order).filter((drawn) => drawn === index).length / 50_000)
    shares.forEach((share, index) => {
      expect(Math.abs(share - (weights[index] as number) / 10)).toBeLessThan(0.012)
    })
    expect(shares[0]).toBe(0)
    expect(shares[5]).toBe(0)
  })

  test('without replacement draws each once, the heavy ones earlier', () => {
    const weights = [1, 1, 1, 1, 50]
    const sampler = weightedSampler({ weights, replacement: false })
    const first = upTo(400).filter((epoch) => sampler.order(at(5, epoch))[0] === 4).length
    expect(ascending(sampler.order(at(5)))).toEqual(upTo(5))
    // Expected share 50/54 of 400, with a standard deviation of 5.2.
    expect(Math.abs(first - 370)).toBeLessThan(27)
    expect(weightedSampler({ weights, replacement: false, samples: 2 }).order(at(5))).toHaveLength(2)
  })

  test.each([
    ['a negative weight', { weights: [1, -1] }, /sample 1.*found -1/],
    ['a weight that is no number', { weights: [Number.NaN] }, /sample 0.*found NaN/],
    ['only zeros', { weights: [0, 0] }, /at least 1 weights above 0, found 0/],
    [
      'more samples than there are',
      { weights: [1, 0, 1], samples: 3, replacement: false },
      /at least 3 weights above 0, found 2.*replacement: true/,
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => weightedSampler(options)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }))
  })

  test('refuses a dataset of another length', () => {
    expect(() => weightedSampler({ weights: [1, 2] }).count(3)).toThrow(/each of 3 samples, found 2/)
  })
})

describe('subset', () => {
  test('gives its indices, shuffled when asked to', () => {
    const indices = [9, 3, 5, 7, 1, 0]
    expect(Array.from(subsetSampler({ indices }).order(at(10)))).toEqual(indices)
    const shuffled = subsetSampler({ indices, shuffle: true })
    expect(ascending(shuffled.order(at(10)))).toEqual(ascending(indices))
    expect(shuffled.order(at(10, 0))).not.toEqual(shuffled.order(at(10, 1)))
  })

  test('refuses an index that the dataset does not have', () => {
    expect(() => subsetSampler({ indices: [0, 10] }).count(10)).toThrow(/from 0 to 9, found 10/)
  })
})
