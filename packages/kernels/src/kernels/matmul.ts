import { broadcast_util, type TensorInfo } from '@tensorflow/tfjs-core'
import { assertFloat, input, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import type { Runtime } from '../runtime.js'

/** Sizes of one product `C[rows, columns] = op(A)[rows, depth] op(B)[depth, columns]`. */
interface ProductSizes {
  readonly rows: number
  readonly columns: number
  readonly depth: number
}

function productSizes(
  a: readonly number[],
  b: readonly number[],
  transposeA: boolean,
  transposeB: boolean,
): ProductSizes {
  const rows = a.at(transposeA ? -1 : -2) ?? 1
  const depth = a.at(transposeA ? -2 : -1) ?? 1
  const columns = b.at(transposeB ? -2 : -1) ?? 1
  const depthB = b.at(transposeB ? -1 : -2) ?? 1
  if (depth !== depthB) {
    throw new Error(
      `Error in matMul: inner shapes (${depth}) and (${depthB}) of Tensors with shapes ${a} and ${b} ` +
        `and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
    )
  }
  return { rows, columns, depth }
}

/** For every matrix of the result, which matrix of an operand it is made of. */
function broadcastIndices(batch: readonly number[], own: readonly number[]): number[] {
  const padded = [...new Array<number>(batch.length - own.length).fill(1), ...own]
  let indices = [0]
  padded.forEach((length, axis) => {
    const count = batch[axis] ?? 1
    indices = indices.flatMap((index) =>
      Array.from({ length: count }, (_, position) => index * length + (length === 1 ? 0 : position)),
    )
  })
  return indices
}

/** The axes before the last two, broadcast: those of either operand where both have the same, as nearly always. */
function batchOf(a: readonly number[], b: readonly number[]): number[] {
  const axes = a.length - 2
  let same = a.length === b.length
  for (let axis = 0; same && axis < axes; axis++) same = a[axis] === b[axis]
  if (same) return a.slice(0, -2)
  return broadcast_util.assertAndGetBroadcastShape(a.slice(0, -2), b.slice(0, -2))
}

/** How many matrices a tensor holds. */
function countOf(shape: readonly number[]): number {
  let count = 1
  for (let axis = shape.length - 3; axis >= 0; axis--) count *= shape[axis] ?? 1
  return count
}

/** Calls `product` with the addresses of every pair of matrices. */
function forEachMatrix(
  runtime: Runtime,
  { rows, columns, depth }: ProductSizes,
  batch: readonly number[],
  operands: { readonly a: TensorInfo; readonly b: TensorInfo; readonly out: TensorInfo },
  product: (a: number, b: number, c: number) => void,
): void {
  const { a, b, out } = operands
  const indicesA = broadcastIndices(batch, a.shape.slice(0, -2))
  const indicesB = broadcastIndices(batch, b.shape.slice(0, -2))
  const [fromA, fromB, to] = [runtime.address(a), runtime.address(b), runtime.address(out)]
  for (let n = 0; n < indicesA.length; n++) {
    const atA = fromA + (indicesA[n] ?? 0) * rows * depth * 4
    const atB = fromB + (indicesB[n] ?? 0) * depth * columns * 4
    product(atA, atB, to + n * rows * columns * 4)
  }
}

/**
 * `op(a) op(b)` over the last two axes, float32 or int32; the axes before them are broadcast. `rowBias`, one float per column,
 * is added to every row of a float product.
 * A product of 16 × 16 takes a quarter of a microsecond, so the way to it is short: no spreads, and no arrays that are
 * not the result's.
 */
export function multiplyMatrices(
  runtime: Runtime,
  a: TensorInfo,
  b: TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
  rowBias?: TensorInfo,
): TensorInfo {
  const sizes = productSizes(a.shape, b.shape, transposeA, transposeB)
  const { rows, columns, depth } = sizes
  const batch = batchOf(a.shape, b.shape)
  const count = sizeOf(batch)
  const shape = batch.slice()
  shape.push(rows, columns)
  const out = runtime.output(shape, a.dtype)
  const [flagA, flagB] = [Number(transposeA), Number(transposeB)]
  if (a.dtype === 'int32') {
    const { matmulInt } = runtime.wasm
    forEachMatrix(runtime, sizes, batch, { a, b, out }, (atA, atB, to) => {
      matmulInt(flagA, flagB, rows, columns, depth, atA, atB, to)
    })
    return out
  }
  const [countA, countB] = [countOf(a.shape), countOf(b.shape)]
  const { matmulBatched } = runtime.wasm
  const bias = rowBias === undefined ? 0 : runtime.address(rowBias)
  // One right-hand side for all: the matrices of A, one below the other, are one tall matrix.
  const tall = countB === 1 && !transposeA
  const height = tall ? rows * count : rows
  const workspace = runtime.workspace(runtime.wasm.matmulWorkspace(height, columns, depth))
  if (tall || ((countA === count || countA === 1) && (countB === count || countB === 1))) {
    const stepA = tall || countA === 1 ? 0 : rows * depth
    const stepB = tall || countB === 1 ? 0 : depth * columns
    const [atA, atB, to] = [runtime.address(a), runtime.address(b), runtime.address(out)]
    const products = tall ? 1 : count
    matmulBatched(flagA, flagB, height, columns, depth, atA, stepA, atB, stepB, to, products, bias, workspace)
    return out
  }
  forEachMatrix(runtime, sizes, batch, { a, b, out }, (atA, atB, to) => {
    matmulBatched(flagA, flagB, rows, columns, depth, atA, 0, atB, 0, to, 1, bias, workspace)
  })
  return out
}

export const batchMatMul: KernelDefinition = {
  name: 'BatchMatMul',
  gain: 'all four transpose cases at full speed (the stock kernel: only the untransposed one); int32 as well',
  compute(call) {
    const a = input(call, 'a')
    const b = input(call, 'b')
    if (a.dtype !== 'int32' || b.dtype !== 'int32') assertFloat('BatchMatMul', a, b)
    return multiplyMatrices(call.runtime, a, b, call.attrs['transposeA'] === true, call.attrs['transposeB'] === true)
  },
}
