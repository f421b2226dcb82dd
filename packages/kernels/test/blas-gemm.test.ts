import { createRequire } from 'node:module'
import { requirePart } from '@levin/real-parts'
import { describe, expect, it } from 'vitest'
import type { Gemm } from '../src/blas/active-blas.js'
import { type LoadedBlas, loadBlas } from '../src/blas/load-blas.js'
import { checkBlas } from '../src/blas/self-check.js'
import { random } from './support.js'

const PAGE = 65_536
const A = 4096
const B = 2 * PAGE
const C = 4 * PAGE

/** `C (+)= op(A) op(B)` in float64, on padded rows; what lies between the rows is left alone. */
function reference(values: Float32Array, [tA, tB, m, n, k, , lda, , ldb, , ldc, beta]: Parameters<Gemm>): Float64Array {
  const c = Float64Array.from(values.subarray(C / 4, C / 4 + m * ldc))
  const at = (base: number, index: number) => values[base / 4 + index] as number
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = beta * (c[i * ldc + j] as number)
      for (let p = 0; p < k; p++) sum += at(A, tA ? p * lda + i : i * lda + p) * at(B, tB ? j * ldb + p : p * ldb + j)
      c[i * ldc + j] = sum
    }
  }
  return c
}

const cases = [0, 1].flatMap((tA) => [0, 1].flatMap((tB) => [0, 1].map((beta) => [tA, tB, beta] as const)))
const sizes = [
  [1, 1, 1],
  [2, 3, 5],
  [17, 1, 9],
  [1, 23, 40],
  [33, 31, 29],
  [64, 10, 130],
  [65, 129, 3],
] as const

describe.runIf(requirePart('openblas'))('cblas_sgemm on a wasm heap', () => {
  const memory = new WebAssembly.Memory({ initial: 8 })
  const blas = loadBlas('libopenblas.so.0')
  const gemm = blas.bind(memory)

  function check(...call: Parameters<Gemm>): void {
    const values = new Float32Array(memory.buffer, 0, (6 * PAGE) / 4)
    values.set(random([values.length], call[2]).values)
    const expected = reference(values, call)
    gemm(...call)
    const found = new Float32Array(memory.buffer, C, expected.length)
    expect(expected.findIndex((value, index) => !(Math.abs(value - (found[index] as number)) < 1e-4))).toBe(-1)
  }

  it('divides a product among threads from a size on, and leaves smaller ones to one', () => {
    const threads = createRequire(import.meta.url)('koffi')
      .load('libopenblas.so.0')
      .func('openblas_get_num_threads', 'int', []) as () => number
    blas.setThreads?.(2)
    const divided = blas.bind(memory, { count: 2, fromWork: 16 ** 3 })
    const multiply = (n: number) => {
      divided(0, 0, n, n, n, A, n, B, n, C, n, 0)
      return threads()
    }
    expect([multiply(8), multiply(16), multiply(15), multiply(20), multiply(20)]).toEqual([1, 2, 1, 2, 2])
    blas.setThreads?.(1)
    const alone = blas.bind(memory)
    alone(0, 0, 20, 20, 20, A, 20, B, 20, C, 20, 0)
    expect(threads()).toBe(1)
  })

  describe.each(cases)('with transposeA %i, transposeB %i, accumulate %i', (tA, tB, beta) => {
    it.each(sizes)('multiplies %i × %i over %i', (m, n, k) => {
      check(tA, tB, m, n, k, A, tA ? m : k, B, tB ? k : n, C, n, beta)
    })

    it('keeps to rows that are longer than the matrix, and touches nothing between them', () => {
      check(tA, tB, 13, 7, 21, A, 29, B, 31, C, 11, beta)
    })

    it('reads one matrix as both operands', () => {
      const values = new Float32Array(memory.buffer)
      values.set(random([values.length], 8).values)
      values.copyWithin(B / 4, A / 4, A / 4 + 19 * 19)
      const expected = reference(values, [tA, tB, 19, 19, 19, A, 19, B, 19, C, 19, beta])
      gemm(tA, tB, 19, 19, 19, A, 19, A, 19, C, 19, beta)
      for (const [index, value] of expected.entries()) expect(values[C / 4 + index]).toBeCloseTo(value, 4)
    })
  })

  it('overwrites what was not a number, unless it accumulates', () => {
    new Float32Array(memory.buffer).fill(1)
    new Float32Array(memory.buffer, C, 64).fill(Number.NaN)
    gemm(0, 0, 8, 8, 8, A, 8, B, 8, C, 8, 0)
    expect(new Set(new Float32Array(memory.buffer, C, 64))).toEqual(new Set([8]))
  })

  it('finds the heap after it has grown, and moved', () => {
    const before = memory.buffer
    check(0, 1, 9, 8, 7, A, 7, B, 7, C, 8, 0)
    memory.grow(4096)
    expect(before.byteLength).toBe(0)
    check(0, 1, 9, 8, 7, A, 7, B, 7, C, 8, 0)
  })

  it('leaves nothing behind, call after call', () => {
    const products = (count: number) => {
      for (let i = 0; i < count; i++) gemm(i & 1, 0, 4, 4, 4, A, 4, B, 4, C, 4, 0)
      return process.memoryUsage().rss
    }
    const before = products(50_000)
    // A handle of 100 bytes for each call would be 40 MB.
    expect(products(400_000) - before).toBeLessThan(2 ** 24)
  })
})

describe('the check of a library', () => {
  /** Our own arithmetic, as if it were a library. */
  const library = (change: (call: Parameters<Gemm>) => Parameters<Gemm>, spoil = 1): LoadedBlas => ({
    name: 'Fake',
    build: 'none',
    path: '/fake.so',
    setThreads: undefined,
    bind:
      (memory) =>
      (...given) => {
        const [tA, tB, m, n, k, a, lda, b, ldb, c, ldc, beta] = change(given)
        const values = new Float32Array(memory.buffer)
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = beta === 0 ? 0 : (values[c / 4 + i * ldc + j] as number)
            for (let p = 0; p < k; p++) {
              const left = values[a / 4 + (tA ? p * lda + i : i * lda + p)] as number
              sum += left * (values[b / 4 + (tB ? j * ldb + p : p * ldb + j)] as number)
            }
            values[c / 4 + i * ldc + j] = sum * spoil
          }
        }
      },
  })

  const changed = (index: number, change: (value: number) => number) => (call: Parameters<Gemm>) =>
    call.map((value, each) => (each === index ? change(value) : value)) as Parameters<Gemm>

  it('passes one that is right', () => {
    expect(checkBlas(library((call) => call))).toBeUndefined()
  })

  it.each([
    ['mistakes transposeA', changed(0, () => 0)],
    ['mistakes transposeB', changed(1, (flag) => 1 - flag)],
    ['forgets a row', changed(2, (rows) => rows - 1)],
    ['forgets a column', changed(3, (columns) => columns - 1)],
    ['stops early', changed(4, (depth) => depth - 1)],
    ['reads rows of another length', changed(6, (stride) => stride - 1)],
    ['writes rows of another length', changed(10, (stride) => stride - 1)],
    ['never accumulates', changed(11, () => 0)],
    ['always accumulates', changed(11, () => 1)],
  ])('refuses one that %s, by name', (_, change) => {
    expect(checkBlas(library(change))).toMatch(/'\/fake\.so' computes wrong products \(transposes \d and \d/)
  })

  it.each([Number.NaN, 1.001, 0])('refuses one whose results are off by a factor of %d', (factor) => {
    expect(checkBlas(library((call) => call, factor))).toContain('computes wrong products')
  })
})
