import { deriveKey, fillNormal } from '@levin/core'
import { assertAllClose } from '@levin/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeBfloat16, encodeBfloat16 } from '../src/ddp/bfloat16.js'
import { orthonormalise } from '../src/ddp/orthonormalise.js'
import { type approximate, type Summed, valuesOf } from './programs/compression.js'
import type { World } from './programs/protocol.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(4)
afterAll(() => ranks.end())

const range = (length: number): number[] => Array.from({ length }, (_, i) => i)

/** The nearest of the two neighbours among numbers of eight significant bits; the even one where both are as near. */
function roundedToBfloat16(value: number): number {
  const word = new Uint32Array(Float32Array.of(value).buffer)[0] as number
  const below = word & 0xffff_0000
  const [low, high] = [below, below + 0x1_0000].map(
    (each) => new Float32Array(Uint32Array.of(each).buffer)[0] as number,
  ) as [number, number]
  const [down, up] = [Math.abs(value - low), Math.abs(high - value)]
  if (down !== up) return down < up ? low : high
  return below & 0x1_0000 ? high : low
}

describe('bfloat16', () => {
  const through = (values: readonly number[]): number[] => {
    const bits = new Uint16Array(values.length)
    encodeBfloat16(Float32Array.from(values), bits)
    const decoded = new Float32Array(values.length)
    decodeBfloat16(bits, decoded)
    return [...decoded]
  }

  test('rounds to nearest, and ties to even', () => {
    const values = [1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, -Math.E, 1e-40, 3e38, 0.1, -0]
    expect(through(values)).toEqual(values.map((value) => roundedToBfloat16(Math.fround(value))))
    // Both are half-way: one goes down to an even last bit, the other up to one.
    expect(through([1 + 2 ** -8, 1 + 3 * 2 ** -8])).toEqual([1, 1 + 2 ** -6])
    const many = [...valuesOf(1, 2, 1000)]
    expect(through(many)).toEqual(many.map(roundedToBfloat16))
  })

  test('keeps infinities, and NaN whatever its payload', () => {
    expect(through([Infinity, -Infinity, Number.NaN])).toEqual([Infinity, -Infinity, Number.NaN])
    const nan = new Float32Array(Uint32Array.of(0x7f80_0001, 0xffff_ffff).buffer)
    const bits = new Uint16Array(2)
    encodeBfloat16(nan, bits)
    const decoded = new Float32Array(2)
    decodeBfloat16(bits, decoded)
    expect([...decoded]).toEqual([Number.NaN, Number.NaN])
  })

  test.each<World & { length: number }>([
    { size: 2, length: 1000 },
    { size: 3, length: 1001 },
    { size: 4, length: 3 },
    { size: 3, length: 100_000, form: 'asynchronous' },
  ])('sums of $size ranks are rounded on the way there and back: $length', async ({ length, ...world }) => {
    const results = await ranks.run<Summed>('sum', { kind: 'bf16', length }, world)
    const values = range(world.size).map((rank) => valuesOf(rank, 0, length))
    const expected = range(length).map((i) => {
      const parts = values.map((each) => roundedToBfloat16(each[i] as number))
      return roundedToBfloat16(parts.reduce((sum, part) => Math.fround(sum + part)))
    })
    for (const { values } of results) expect([...values]).toEqual(expected)
  })

  test.each([2, 3, 4])('%i ranks send half of what exact sums take', async (size) => {
    const length = 12 * 10_000
    const of = async (kind: string) => {
      const results = await ranks.run<Summed>('sum', { kind, length }, { size })
      return results.reduce((sum, { bytesSent }) => sum + bytesSent, 0) / size
    }
    const exact = await of('exact')
    expect(exact).toBe((8 * length * (size - 1)) / size)
    expect(await of('bf16')).toBe(exact / 2)
  })
})

type Matrix = number[][]

const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => range(b[0]?.length ?? 0).map((j) => row.reduce((sum, x, k) => sum + x * (b[k]?.[j] as number), 0)))
const transposed = (a: Matrix): Matrix => range(a[0]?.length ?? 0).map((j) => a.map((row) => row[j] as number))
const combined = (a: Matrix, b: Matrix, factor: number): Matrix =>
  a.map((row, i) => row.map((x, j) => x + factor * (b[i]?.[j] as number)))
const total = (parts: readonly Matrix[]): Matrix => parts.reduce((sum, part) => combined(sum, part, 1))
const rowsOf = (values: ArrayLike<number>, columns: number): Matrix =>
  range(values.length / columns).map((i) => range(columns).map((j) => values[i * columns + j] as number))

/** Gram-Schmidt as in a textbook, column by column. */
function orthonormalised(a: Matrix): Matrix {
  const done: number[][] = []
  for (const column of transposed(a)) {
    let rest = column
    for (const other of done) {
      const share = rest.reduce((sum, x, i) => sum + x * (other[i] as number), 0)
      rest = rest.map((x, i) => x - share * (other[i] as number))
    }
    const length = Math.sqrt(rest.reduce((sum, x) => sum + x * x, 0))
    done.push(rest.map((x) => x / length))
  }
  return transposed(done)
}

/** Algorithms 1 and 2 of the paper, for the sum over ranks instead of the mean. */
function referenceSums(shape: readonly number[], index: number, size: number, steps: number, rank: number): number[][] {
  const columns = shape.at(-1) as number
  const length = shape.reduce((a, b) => a * b, 1)
  const start = new Float32Array(columns * rank)
  fillNormal(start, deriveKey(0, 'powerSGD', `p${index}`))
  let basis = rowsOf(start, rank)
  let errors = range(size).map(() => rowsOf(new Float32Array(length), columns))
  return range(steps).map((step) => {
    const matrices = errors.map((error, r) =>
      combined(rowsOf(valuesOf(r, step + 10 * index, length), columns), error, 1),
    )
    const left = orthonormalised(total(matrices.map((matrix) => product(matrix, basis))))
    basis = total(matrices.map((matrix) => product(transposed(matrix), left)))
    const sum = product(left, transposed(basis))
    errors = matrices.map((matrix) => combined(matrix, sum, -1 / size))
    return sum.flat()
  })
}

describe('PowerSGD', () => {
  const SHAPES = [
    [12, 9],
    [3, 3, 2, 8],
    [7, 20],
  ] as const

  test.each<World & { rank: number }>([
    { size: 1, rank: 2 },
    { size: 2, rank: 1 },
    { size: 3, rank: 2 },
    { size: 2, rank: 3, form: 'asynchronous' },
    { size: 2, rank: 2, backend: 'cpu' },
  ])('is that of the paper on $size ranks, rank $rank', async ({ rank, ...world }) => {
    const steps = 6
    const results = await ranks.run<Awaited<ReturnType<typeof approximate>>>(
      'approximate',
      { shapes: SHAPES, steps, rank },
      world,
    )
    for (const [index, shape] of SHAPES.entries()) {
      const expected = referenceSums(shape, index, world.size, steps, rank)
      for (const { sums } of results)
        for (const [step, values] of expected.entries()) {
          const largest = Math.max(...values.map(Math.abs))
          assertAllClose(sums[step]?.[index] ?? [], values, { rtol: 0, atol: 2e-4 * largest }, `step ${step}, ${index}`)
        }
    }
    for (const { sums } of results) expect(sums).toEqual(results[0]?.sums)
  })

  test('sends both factors and nothing else', async () => {
    const [first] = await ranks.run<Awaited<ReturnType<typeof approximate>>>(
      'approximate',
      { shapes: [[256, 192]], steps: 2, rank: 2 },
      { size: 2 },
    )
    // An all-reduce of two ranks sends as many bytes as the data have.
    expect(first?.bytesSent).toEqual([4 * 2 * (256 + 192), 4 * 2 * (256 + 192)])
  })

  test('leaves alone what is small or has one axis', async () => {
    const shapes = [[300], [1, 300], [3, 4], [40, 40]]
    const [first] = await ranks.run<Awaited<ReturnType<typeof approximate>>>(
      'approximate',
      { shapes, steps: 0, rank: 2 },
      { size: 1 },
    )
    expect(first?.compresses).toEqual([false, false, false, true])
  })

  test('recovers from a step without any gradient', async () => {
    const results = await ranks.run<number[]>('zeroThenLowRank', undefined, { size: 2 })
    // The second gradient has rank 1, so that its approximation is exact.
    for (const errors of results) expect(Math.max(...errors)).toBeLessThan(1e-5)
  })
})

test('columns that depend on others become zero', () => {
  const matrix = Float32Array.of(1, 2, 0, 1, 2, 1, 0, 0, 1)
  orthonormalise(matrix, 3, 3)
  const rows = rowsOf(matrix, 3)
  const products = product(transposed(rows), rows).flat()
  assertAllClose(products, [1, 0, 0, 0, 0, 0, 0, 0, 1], { atol: 1e-6 }, 'PᵀP')
})
