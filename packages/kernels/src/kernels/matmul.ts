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

/** `op(a) op(b)` over the last two axes; the axes before them are broadcast. */
export function multiplyMatrices(
  runtime: Runtime,
  a: TensorInfo,
  b: TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): TensorInfo {
  const { rows, columns, depth } = productSizes(a.shape, b.shape, transposeA, transposeB)
  const batchA = a.shape.slice(0, -2)
  const batchB = b.shape.slice(0, -2)
  const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB)
  const count = sizeOf(batch)
  const countA = sizeOf(batchA)
  const countB = sizeOf(batchB)
  // One right-hand side for all: the matrices of A, one below the other, are one tall matrix.
  const stacked = countB === 1 && !transposeA
  const tall = stacked ? rows * count : rows
  const out = runtime.output([...batch, rows, columns], 'float32')
  const workspace = runtime.workspace(runtime.wasm.matmulWorkspace(tall, columns, depth))
  const [addressA, addressB, addressC] = [runtime.address(a), runtime.address(b), runtime.address(out)]
  const flags = [Number(transposeA), Number(transposeB)] as const
  const product = (height: number, from: number, stepA: number, fromB: number, stepB: number, to: number, n: number) =>
    runtime.wasm.matmulBatched(...flags, height, columns, depth, from, stepA, fromB, stepB, to, n, workspace)
  if (stacked) {
    product(tall, addressA, 0, addressB, 0, addressC, 1)
  } else if ((countA === count || countA === 1) && (countB === count || countB === 1)) {
    const stepA = countA === 1 ? 0 : rows * depth
    const stepB = countB === 1 ? 0 : depth * columns
    product(rows, addressA, stepA, addressB, stepB, addressC, count)
  } else {
    const indicesA = broadcastIndices(batch, batchA)
    const indicesB = broadcastIndices(batch, batchB)
    for (let n = 0; n < count; n++) {
      const matrixA = addressA + (indicesA[n] ?? 0) * rows * depth * 4
      const matrixB = addressB + (indicesB[n] ?? 0) * depth * columns * 4
      product(rows, matrixA, 0, matrixB, 0, addressC + n * rows * columns * 4, 1)
    }
  }
  return out
}

export const batchMatMul: KernelDefinition = {
  name: 'BatchMatMul',
  gain: 'all four transpose cases at full speed; the stock kernel is fast in the untransposed one only',
  compute(call) {
    const a = input(call, 'a')
    const b = input(call, 'b')
    assertFloat('BatchMatMul', a, b)
    return multiplyMatrices(call.runtime, a, b, call.attrs['transposeA'] === true, call.attrs['transposeB'] === true)
  },
}
