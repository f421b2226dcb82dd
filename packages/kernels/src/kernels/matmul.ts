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

/** The plan of a broadcast product: sizes of one product, the batch, and how many matrices each operand has. */
interface ProductPlan extends ProductSizes {
  readonly batch: number[]
  readonly count: number
  readonly countA: number
  readonly countB: number
  /** Addresses of the operands and of the result. */
  readonly a: number
  readonly b: number
  readonly c: number
}

/** Calls `product` with the addresses of every pair of matrices. */
function forEachMatrix(
  plan: ProductPlan,
  shapeA: number[],
  shapeB: number[],
  product: (...at: number[]) => void,
): void {
  const { rows, columns, depth, batch, count, a, b, c } = plan
  const indicesA = broadcastIndices(batch, shapeA.slice(0, -2))
  const indicesB = broadcastIndices(batch, shapeB.slice(0, -2))
  for (let n = 0; n < count; n++) {
    const fromA = a + (indicesA[n] ?? 0) * rows * depth * 4
    const fromB = b + (indicesB[n] ?? 0) * depth * columns * 4
    product(fromA, fromB, c + n * rows * columns * 4)
  }
}

/**
 * `op(a) op(b)` over the last two axes, float32 or int32; the axes before them are broadcast. `rowBias`, one float per column,
 * is added to every row of a float product.
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
  const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const out = runtime.output([...batch, rows, columns], a.dtype)
  const plan: ProductPlan = {
    ...sizes,
    batch,
    count: sizeOf(batch),
    countA: sizeOf(a.shape.slice(0, -2)),
    countB: sizeOf(b.shape.slice(0, -2)),
    a: runtime.address(a),
    b: runtime.address(b),
    c: runtime.address(out),
  }
  const flags = [Number(transposeA), Number(transposeB)] as const
  if (a.dtype === 'int32') {
    const { matmulInt } = runtime.wasm
    forEachMatrix(plan, a.shape, b.shape, (...at) => matmulInt(...flags, rows, columns, depth, ...at))
  } else {
    const bias = rowBias === undefined ? 0 : runtime.address(rowBias)
    multiplyFloats(runtime, { ...plan, bias }, a.shape, b.shape, flags)
  }
  return out
}

function multiplyFloats(
  runtime: Runtime,
  plan: ProductPlan & { readonly bias: number },
  shapeA: number[],
  shapeB: number[],
  flags: readonly [number, number],
): void {
  const { rows, columns, depth, count, countA, countB, a, b, c, bias } = plan
  const { matmulBatched, matmulWorkspace } = runtime.wasm
  if (countB === 1 && flags[0] === 0) {
    // One right-hand side for all: the matrices of A, one below the other, are one tall matrix.
    const workspace = runtime.workspace(matmulWorkspace(rows * count, columns, depth))
    matmulBatched(...flags, rows * count, columns, depth, a, 0, b, 0, c, 1, bias, workspace)
    return
  }
  const workspace = runtime.workspace(matmulWorkspace(rows, columns, depth))
  if ((countA === count || countA === 1) && (countB === count || countB === 1)) {
    const stepA = countA === 1 ? 0 : rows * depth
    const stepB = countB === 1 ? 0 : depth * columns
    matmulBatched(...flags, rows, columns, depth, a, stepA, b, stepB, c, count, bias, workspace)
    return
  }
  forEachMatrix(plan, shapeA, shapeB, (fromA = 0, fromB = 0, to = 0) => {
    matmulBatched(...flags, rows, columns, depth, fromA, 0, fromB, 0, to, 1, bias, workspace)
  })
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
