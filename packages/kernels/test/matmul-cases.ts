import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { cpuKernel, expectClose, type HostTensor, kernel, product, random, size } from './support.js'

const cases = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const

/** Odd sizes around the blocks of the kernel (5 or 6 rows, 8 columns, 400 deep, 180 or 216 rows, 2048 columns). */
const sizes = [
  [1, 1, 1],
  [1, 1, 7],
  [1, 17, 5],
  [1, 37, 23],
  [23, 1, 9],
  [2, 3, 4],
  [5, 8, 1],
  [6, 9, 3],
  [7, 12, 401],
  [13, 10, 64],
  [31, 33, 29],
  [64, 64, 64],
  [181, 15, 17],
  [217, 20, 803],
  [11, 2051, 6],
] as const

const stored = (rows: number, columns: number, transposed: boolean) => (transposed ? [columns, rows] : [rows, columns])

/** Everything that must hold for the matrix product, whichever build of the kernels is in use. */
export function matmulCases(): void {
  for (const [transposeA, transposeB] of cases) {
    describe(`with transposeA ${transposeA} and transposeB ${transposeB}`, () => {
      it.each(sizes)('multiplies %i × %i over %i like float64', (rows, columns, depth) => {
        const a = random(stored(rows, depth, transposeA), rows)
        const b = random(stored(depth, columns, transposeB), columns)
        const found = kernel('BatchMatMul', { a, b }, { transposeA, transposeB })
        expectClose(found, product(a, b, transposeA, transposeB), { absolute: 1e-6 * depth })
      })

      it.each([
        [
          [0, 3],
          [3, 4],
        ],
        [
          [2, 0],
          [0, 4],
        ],
        [
          [2, 3],
          [3, 0],
        ],
      ])('gives zeros or nothing for empty operands %j and %j', (shapeA, shapeB) => {
        const a = random(stored(shapeA[0] as number, shapeA[1] as number, transposeA), 1)
        const b = random(stored(shapeB[0] as number, shapeB[1] as number, transposeB), 2)
        const out = kernel('BatchMatMul', { a, b }, { transposeA, transposeB })
        expectClose(out, {
          shape: [shapeA[0] as number, shapeB[1] as number],
          values: new Float32Array(out.values.length),
        })
      })

      it.each([
        [[3], [3]],
        [[3], [1]],
        [[1], [3]],
        [
          [2, 3],
          [2, 3],
        ],
        [
          [2, 1],
          [1, 3],
        ],
        [[2, 1], [3]],
        [[3], [2, 1]],
        [[2, 3], [3]],
        [[], [4]],
        [[4], []],
        [[0], [1]],
      ])('broadcasts the batches %j and %j', (batchA, batchB) => {
        const a = random([...batchA, ...stored(7, 5, transposeA)], 3)
        const b = random([...batchB, ...stored(5, 9, transposeB)], 4)
        const found = kernel('BatchMatMul', { a, b }, { transposeA, transposeB })
        expectClose(found, batched(a, b, transposeA, transposeB))
      })

      it('multiplies a matrix with itself', () => {
        const a = random([19, 19], 5)
        const tensor = tf.tensor(a.values, [19, 19])
        const found = kernel('BatchMatMul', { a: tensor, b: tensor }, { transposeA, transposeB })
        tensor.dispose()
        expectClose(found, product(a, a, transposeA, transposeB))
      })

      it('lets NaN and infinities through to exactly the rows and columns they belong to', async () => {
        const a = random(stored(13, 11, transposeA), 6)
        const b = random(stored(11, 9, transposeB), 7)
        a.values[5] = Number.NaN
        b.values[3] = Number.POSITIVE_INFINITY
        b.values[40] = Number.NEGATIVE_INFINITY
        const attrs = { transposeA, transposeB }
        const found = kernel('BatchMatMul', { a, b }, attrs)
        const [shapeA, shapeB] = [
          [1, ...a.shape],
          [1, ...b.shape],
        ]
        const wanted = await cpuKernel('BatchMatMul', { a: { ...a, shape: shapeA }, b: { ...b, shape: shapeB } }, attrs)
        expectClose(found, { shape: [13, 9], values: wanted.values })
      })
    })
  }

  it('refuses matrices whose inner lengths differ, naming both shapes', () => {
    const call = () => kernel('BatchMatMul', { a: random([2, 3], 1), b: random([4, 5], 1) })
    expect(() => tf.tidy(() => void call())).toThrow(/inner shapes \(3\) and \(4\).*2,3 and 4,5/)
  })
}

/** The broadcast product, matrix by matrix. */
function batched(a: HostTensor, b: HostTensor, transposeA: boolean, transposeB: boolean) {
  const batchA = a.shape.slice(0, -2)
  const batchB = b.shape.slice(0, -2)
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB)
  const pick = (tensor: HostTensor, own: readonly number[], n: number): HostTensor => {
    const shape = tensor.shape.slice(-2)
    let [rest, index, step] = [n, 0, 1]
    for (let axis = 1; axis <= batch.length; axis++) {
      const position = rest % (batch.at(-axis) as number)
      rest = Math.floor(rest / (batch.at(-axis) as number))
      const length = own.at(-axis) ?? 1
      if (length > 1) index += position * step
      step *= length
    }
    return { shape, values: tensor.values.subarray(index * size(shape), (index + 1) * size(shape)) }
  }
  const values: number[] = []
  for (let n = 0; n < size(batch); n++) {
    values.push(...product(pick(a, batchA, n), pick(b, batchB, n), transposeA, transposeB).values)
  }
  return { shape: [...batch, 7, 9], values }
}
