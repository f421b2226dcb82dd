// A library that opens may still compute something else: another order of parameters, integers of another size, a broken
// build for this processor. A few products against our own kernel, on a heap of their own, tell before any number counts.
import { compileModule, type KernelExports } from '../module.js'
import type { Gemm } from './active-blas.js'
import type { LoadedBlas } from './load-blas.js'

/** Odd sizes, and no two alike: an interchange would show. */
const ROWS = 19
const COLUMNS = 35
const DEPTH = 67
/** What the stored rows are longer than they need be. */
const PADDING = 3
/** Sums of `DEPTH` products of numbers between −1 and 1 differ by less, in whatever order they are made. */
const TOLERANCE = 1e-4

const LARGEST = (DEPTH + PADDING) * DEPTH * 4
const A = 64
const B = A + LARGEST
const EXPECTED = B + LARGEST
const FOUND = EXPECTED + LARGEST
const WORKSPACE = FOUND + LARGEST

/** What is wrong with the products of a library, in one sentence; `undefined` when they are right. */
export function checkBlas(blas: LoadedBlas): string | undefined {
  const memory = new WebAssembly.Memory({ initial: 2 })
  const numbers = Float32Array.from({ length: WORKSPACE / 4 }, (_, i) => ((i * 7919) % 2003) / 1001 - 1)
  const unused = () => undefined
  const module = compileModule()
  const wasm = new WebAssembly.Instance(module, { env: { memory }, blas: { gemm: unused } }).exports as KernelExports
  const gemm = blas.bind(memory)
  for (let bits = 0; bits < 8; bits++) {
    // The heap grows on the way, and may move.
    if (bits === 4) memory.grow(1)
    const worst = compareProducts(memory, numbers, wasm, gemm, bits & 1, (bits >> 1) & 1, bits >> 2)
    if (!(worst <= TOLERANCE)) {
      const which = `transposes ${bits & 1} and ${(bits >> 1) & 1}, accumulating ${bits >> 2}`
      return `'${blas.path}' computes wrong products (${which}: off by ${worst})`
    }
  }
  return undefined
}

/** The largest difference between two products of the same matrices; NaN where one is not a number. */
function compareProducts(
  memory: WebAssembly.Memory,
  numbers: Float32Array,
  wasm: KernelExports,
  gemm: Gemm,
  transposeA: number,
  transposeB: number,
  accumulate: number,
): number {
  const values = new Float32Array(memory.buffer, 0, WORKSPACE / 4)
  values.set(numbers)
  values.copyWithin(FOUND / 4, EXPECTED / 4, FOUND / 4)
  const strideA = (transposeA ? ROWS : DEPTH) + PADDING
  const strideB = (transposeB ? DEPTH : COLUMNS) + PADDING
  const strideC = COLUMNS + PADDING
  const operands = [transposeA, transposeB, ROWS, COLUMNS, DEPTH, A, strideA, B, strideB] as const
  wasm.matmul(...operands, EXPECTED, strideC, accumulate, WORKSPACE)
  gemm(...operands, FOUND, strideC, accumulate)
  let worst = 0
  for (let i = 0; i < LARGEST / 4; i++) {
    const difference = Math.abs((values[EXPECTED / 4 + i] ?? 0) - (values[FOUND / 4 + i] ?? 0))
    if (!(difference <= worst)) worst = difference
    if (Number.isNaN(worst)) return worst
  }
  return worst
}
