import { describe, expect, test } from 'vitest'
import { LevinError } from '../src/errors.js'
import {
  deriveKey,
  fillNormal,
  fillTruncatedNormal,
  fillUniform,
  foldIn,
  permutation,
  philox,
  type RandomKey,
  RandomSequence,
  uniformAt,
} from '../src/rng/index.js'
import { normalCumulative, normalQuantile } from '../src/rng/normal-distribution.js'
import { multiplyHigh } from '../src/rng/philox.js'

const KEY: RandomKey = [0x12345678, 0x9abcdef0]

describe('philox', () => {
  // The vectors of Random123's kat_vectors for philox4x32, 10 rounds.
  const vectors: [counter: [number, number, number, number], key: [number, number], block: number[]][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ]
  test.each(vectors)('gives the known answer for counter %j and key %j', (counter, key, block) => {
    const out = new Uint32Array(4)
    philox(...counter, ...key, out)
    expect([...out]).toEqual(block)
  })

  test('multiplies to 64 bits exactly', () => {
    const numbers = [0, 1, 2, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xd2511f53, 0xcd9e8d57, 0xfffeffff, 0xffffffff]
    for (const a of numbers) {
      for (const b of numbers) expect(multiplyHigh(a, b) >>> 0).toBe(Number((BigInt(a) * BigInt(b)) >> 32n))
    }
  })
})

describe('deriveKey', () => {
  test('depends on every argument and on nothing else', () => {
    const keys = [
      deriveKey(0, 'dropout', 'net.0'),
      deriveKey(1, 'dropout', 'net.0'),
      deriveKey(-1, 'dropout', 'net.0'),
      deriveKey(2 ** 32, 'dropout', 'net.0'),
      deriveKey(2 ** 32 + 1, 'dropout', 'net.0'),
      deriveKey(Number.MAX_SAFE_INTEGER, 'dropout', 'net.0'),
      deriveKey(0, 'dropout', 'net.1'),
      deriveKey(0, 'dropou', 'tnet.0'),
      deriveKey(0, 'dropoutnet', '.0'),
      deriveKey(0, 'dropout', 'net.0\0'),
      deriveKey(0, '', ''),
      deriveKey(0, 'dropout', 'net.0', 0),
      deriveKey(0, 'dropout', 'net.0', 0, 0),
      deriveKey(0, 'dropout', 'net.0', 1, 0),
      deriveKey(0, 'dropout', 'net.0', 0, 1),
      deriveKey(0, 'dropout', 'net.0', 2 ** 32),
      deriveKey(0, 'dropout', 'net.0', -1),
    ]
    expect(new Set(keys.map(String)).size).toBe(keys.length)
    for (const word of keys.flat()) expect(word).toBe(word >>> 0)
    expect(deriveKey(7, 'shuffle', '', 3)).toEqual(deriveKey(7, 'shuffle', '', 3))
  })

  test('is a definition that other implementations can rely on', () => {
    expect(deriveKey(0, '', '')).toEqual([0x6627e8d5, 0xe169c58d])
    expect(deriveKey(42, 'dropout', 'net.0', 7)).toEqual(foldIn(deriveKey(42, 'dropout', 'net.0'), 7))
    expect(deriveKey(42, 'dropout', 'net.0', 7)).toMatchInlineSnapshot(`
      [
        2906730492,
        2859291431,
      ]
    `)
  })

  test('neighbouring seeds differ in about half of their bits', () => {
    let flipped = 0
    for (let seed = 0; seed < 500; seed++) {
      const a = deriveKey(seed, 'initialise', 'weight')
      const b = deriveKey(seed + 1, 'initialise', 'weight')
      flipped += bits(a[0] ^ b[0]) + bits(a[1] ^ b[1])
    }
    expect(flipped / 500 / 64).toBeGreaterThan(0.48)
    expect(flipped / 500 / 64).toBeLessThan(0.52)
  })

  test('refuses a seed that is no safe integer, with the remedy', () => {
    for (const seed of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => deriveKey(seed, 'a', 'b')).toThrow(/seed of a random key to be a safe integer/)
    }
    expect(() => deriveKey(1, 'a', 'b', 1.5)).toThrow(/position/)
  })
})

describe('fill', () => {
  const fills = { fillUniform, fillNormal, fillTruncatedNormal }

  test('uniform numbers are the words of the blocks, by index', () => {
    const target = new Float32Array(11)
    fillUniform(target, KEY)
    const block = new Uint32Array(4)
    for (let i = 0; i < target.length; i++) {
      philox(Math.floor(i / 4), 0, 0, 0, KEY[0], KEY[1], block)
      expect(target[i]).toBe(((block[i % 4] as number) >>> 8) / 2 ** 24)
      expect(uniformAt(KEY, i)).toBe(target[i])
    }
  })

  test.each(Object.entries(fills))('%s: any slice is the slice of the whole, bit for bit', (_name, fill) => {
    const globalShape = [5, 3, 7, 2]
    const whole = new Float32Array(5 * 3 * 7 * 2)
    fill(whole, KEY, { globalShape, start: [0, 0, 0, 0], shape: globalShape })
    const flat = new Float32Array(whole.length)
    fill(flat, KEY)
    expect(whole).toEqual(flat)
    const sequence = new RandomSequence(KEY)
    for (let trial = 0; trial < 60; trial++) {
      const start = globalShape.map((size) => sequence.integer(size))
      const shape = globalShape.map((size, axis) => sequence.integer(size - (start[axis] as number) + 1))
      const slice = new Float32Array(shape.reduce((a, b) => a * b, 1))
      fill(slice, KEY, { globalShape, start, shape })
      expect(slice).toEqual(sliceOf(whole, globalShape, start, shape))
    }
  })

  test('the leading size may be unknown, and the place may lie beyond 2³² elements', () => {
    const features = 3
    const sample = 2 ** 33 + 5
    const target = new Float32Array(2 * features)
    fillUniform(target, KEY, {
      globalShape: [Number.POSITIVE_INFINITY, features],
      start: [sample, 0],
      shape: [2, features],
    })
    expect([...target]).toEqual([0, 1, 2, 3, 4, 5].map((i) => uniformAt(KEY, sample * features + i)))
    const block = new Uint32Array(4)
    const index = sample * features
    philox(Math.floor(index / 4) % 2 ** 32, Math.floor(index / 2 ** 34), 0, 0, KEY[0], KEY[1], block)
    expect(target[0]).toBe(((block[index % 4] as number) >>> 8) / 2 ** 24)
  })

  test('blocks go on across the carry of the counter', () => {
    const start = 2 ** 34 - 2
    const target = new Float32Array(6)
    fillUniform(target, KEY, { globalShape: [2 ** 40], start: [start], shape: [6] })
    expect([...target]).toEqual([0, 1, 2, 3, 4, 5].map((i) => uniformAt(KEY, start + i)))
  })

  test('scalars and empty slices are slices too', () => {
    const scalar = new Float32Array(1)
    fillUniform(scalar, KEY, { globalShape: [], start: [], shape: [] })
    expect(scalar[0]).toBe(uniformAt(KEY, 0))
    fillUniform(new Float32Array(0), KEY, { globalShape: [4, 4], start: [4, 0], shape: [0, 4] })
  })

  test('a slice that does not fit is refused, and names both shapes', () => {
    const outside = { globalShape: [4, 4], start: [2, 0], shape: [3, 4] }
    expect(() => fillUniform(new Float32Array(12), KEY, outside)).toThrow(/\[4, 4\].*\[3, 4\] at \[2, 0\]/)
    const inside = { globalShape: [4, 4], start: [0, 0], shape: [3, 4] }
    expect(() => fillUniform(new Float32Array(11), KEY, inside)).toThrow(/12 elements.*11/)
    expect(() =>
      fillUniform(new Float32Array(1), KEY, { globalShape: [2 ** 53], start: [2 ** 53 - 1], shape: [1] }),
    ).toThrow(LevinError)
  })

  test('uniform numbers are uniform', () => {
    const sample = new Float32Array(100_000)
    fillUniform(sample, deriveKey(1, 'test', 'uniform'), undefined, -1, 3)
    expect(mean(sample)).toBeCloseTo(1, 1.5)
    expect(variance(sample)).toBeCloseTo(16 / 12, 1.5)
    expect(Math.min(...sample.subarray(0, 1000))).toBeGreaterThanOrEqual(-1)
    expect(kolmogorovSmirnov(sample, (x) => (x + 1) / 4)).toBeLessThan(1.63)
  })

  test('normal numbers are normal, and independent within a block', () => {
    const sample = new Float32Array(100_000)
    fillNormal(sample, deriveKey(1, 'test', 'normal'), undefined, 2, 3)
    expect(mean(sample)).toBeCloseTo(2, 1)
    expect(variance(sample)).toBeCloseTo(9, 0.5)
    expect(kolmogorovSmirnov(sample, (x) => normalCumulative((x - 2) / 3))).toBeLessThan(1.63)
    for (let lag = 1; lag < 5; lag++) expect(Math.abs(correlation(sample, lag))).toBeLessThan(0.012)
  })

  test.each([
    [0, 1, -2, 2],
    [0, 0.02, -2, 2],
    [1, 2, 3, 4],
    [0, 1, 4, 6],
    [0, 1, -9, -5],
    [0, 1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])(
    'truncated normal numbers of mean %d and deviation %d lie in [%d, %d] and are distributed so',
    (m, sd, low, high) => {
      const sample = new Float32Array(20_000)
      fillTruncatedNormal(sample, deriveKey(1, 'test', 'truncated'), undefined, m, sd, low, high)
      expect(sample.every((x) => x >= low && x <= high)).toBe(true)
      // Above the mean the upper tail is the precise one.
      const tail = low > m ? -1 : 1
      const cumulative = (x: number) => normalCumulative((tail * (x - m)) / sd)
      const range = cumulative(high) - cumulative(low)
      expect(kolmogorovSmirnov(sample, (x) => (cumulative(x) - cumulative(low)) / range)).toBeLessThan(1.63)
    },
  )

  test('a truncation that leaves nothing is refused', () => {
    expect(() => fillTruncatedNormal(new Float32Array(1), KEY, undefined, 0, 1, 2, 2)).toThrow(LevinError)
    expect(() => fillTruncatedNormal(new Float32Array(1), KEY, undefined, 0, 0.02, 2, 3)).toThrow(/not multiples/)
  })
})

describe('normal distribution', () => {
  test('the cumulative distribution has the tabulated values', () => {
    // scipy.stats.norm.cdf
    const table = [
      [0, 0.5],
      [0.5, 0.6914624612740131],
      [1, 0.8413447460685429],
      [-1.5, 0.06680720126885807],
      [2, 0.9772498680518208],
      [-4, 3.167124183311986e-5],
      [-8, 6.220960574271785e-16],
    ] as const
    for (const [x, p] of table) expect(Math.abs(normalCumulative(x) / p - 1)).toBeLessThan(1e-13)
  })

  test('the quantile is its inverse', () => {
    for (let x = -8; x <= 4; x += 0.125) expect(normalQuantile(normalCumulative(x))).toBeCloseTo(x, 10)
  })
})

describe('permutation', () => {
  test('holds every index once, is a function of the key, and differs between keys', () => {
    for (const length of [0, 1, 2, 7, 1000]) {
      const order = permutation(KEY, length)
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i))
      expect(permutation(KEY, length)).toEqual(order)
    }
    expect(permutation(foldIn(KEY, 1), 1000)).not.toEqual(permutation(KEY, 1000))
  })

  test('every order is equally likely', () => {
    const counts = new Map<string, number>()
    const trials = 24_000
    for (let i = 0; i < trials; i++) {
      const order = permutation(foldIn(KEY, i), 4).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    const expected = trials / 24
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // 99.9 % of a χ² distribution with 23 degrees of freedom.
    expect(chiSquare).toBeLessThan(49.7)
  })
})

describe('RandomSequence', () => {
  test('goes on from its position', () => {
    const sequence = new RandomSequence(KEY)
    for (let i = 0; i < 5; i++) sequence.word()
    const resumed = new RandomSequence(KEY, sequence.position)
    for (let i = 0; i < 9; i++) expect(resumed.word()).toBe(sequence.word())
  })

  test('whole numbers stay below their bound and are uniform, also for bounds that do not divide 2³²', () => {
    const sequence = new RandomSequence(KEY)
    const bound = 3 * 2 ** 30
    let multiples = 0
    for (let i = 0; i < 30_000; i++) {
      const value = sequence.integer(bound)
      expect(value).toBeLessThan(bound)
      if (value % 3 === 0) multiples++
    }
    // Without rejection, four words would fall on three values: half of the draws would be multiples of three.
    expect(Math.abs(multiples / 30_000 - 1 / 3)).toBeLessThan(0.01)
    expect(sequence.integer(1)).toBe(0)
    expect(sequence.integer(2 ** 32)).toBeGreaterThanOrEqual(0)
    expect(() => sequence.integer(0)).toThrow(LevinError)
  })

  test('uniform and normal numbers have the moments they should', () => {
    const sequence = new RandomSequence(KEY)
    const uniform = Float64Array.from({ length: 20_000 }, () => sequence.uniform())
    expect(kolmogorovSmirnov(uniform, (x) => x)).toBeLessThan(1.63)
    const normal = Float64Array.from({ length: 20_000 }, () => sequence.normal())
    expect(kolmogorovSmirnov(normal, normalCumulative)).toBeLessThan(1.63)
  })
})

type Sample = Float32Array | Float64Array

function mean(sample: Sample): number {
  let sum = 0
  for (const x of sample) sum += x
  return sum / sample.length
}

function variance(sample: Sample): number {
  const centre = mean(sample)
  let sum = 0
  for (const x of sample) sum += (x - centre) ** 2
  return sum / (sample.length - 1)
}

function correlation(sample: Sample, lag: number): number {
  const centre = mean(sample)
  let sum = 0
  for (let i = lag; i < sample.length; i++)
    sum += ((sample[i] as number) - centre) * ((sample[i - lag] as number) - centre)
  return sum / (sample.length - lag) / variance(sample)
}

/** √n · D; 1.63 is exceeded by one sample in a hundred of the right distribution. */
function kolmogorovSmirnov(sample: Sample, cumulative: (x: number) => number): number {
  const sorted = sample.slice().sort()
  let distance = 0
  sorted.forEach((x, i) => {
    const p = cumulative(x)
    distance = Math.max(distance, (i + 1) / sorted.length - p, p - i / sorted.length)
  })
  return distance * Math.sqrt(sorted.length)
}

function bits(word: number): number {
  let count = 0
  for (let rest = word >>> 0; rest > 0; rest >>>= 1) count += rest & 1
  return count
}

/** The slice by the definition, one element at a time. */
function sliceOf(whole: Float32Array, globalShape: number[], start: number[], shape: number[]): Float32Array {
  const out = new Float32Array(shape.reduce((a, b) => a * b, 1))
  for (let i = 0; i < out.length; i++) {
    let rest = i
    let index = 0
    let stride = 1
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] as number
      index += ((rest % size) + (start[axis] as number)) * stride
      rest = Math.floor(rest / size)
      stride *= globalShape[axis] as number
    }
    out[i] = whole[index] as number
  }
  return out
}
