// The matrix product: C = op(A) op(B), row-major, in all four transpose cases, blocked for the caches. A block of B
// (depth × COLUMNS) is packed once and stays in the outer cache, blocks of A (ROWS × depth) pass through the inner one.
// The depth is cut into equal parts of at most DEPTH, which bounds the workspace and the rounding of one partial sum.
import { repeatBlocks } from './copy'
import { MR, microKernel, microKernelNarrow, NR } from './micro-kernel'
import { packA, packB } from './pack'
import { vectorMatrix } from './vector-matrix'

// Where the host has a native matrix product (src/blas), large products go there: whatever multiplies matrices in this
// module gains, the gradients of convolutions among them. A call costs about a quarter of a microsecond.

@external('blas', 'gemm')
declare function gemm(
  transposeA: bool,
  transposeB: bool,
  rows: i32,
  columns: i32,
  depth: i32,
  a: usize,
  strideA: i32,
  b: usize,
  strideB: i32,
  c: usize,
  strideC: i32,
  accumulate: bool,
): void

let gemmWork: f64 = Infinity

/** Sends products to `gemm` from `work` = rows × columns × depth on. */
export function chooseGemm(work: f64): void {
  gemmWork = work
}

const DEPTH: i32 = 400
const ROWS: i32 = MR * 36
const COLUMNS: i32 = 2048

function roundUp(value: i32, unit: i32): i32 {
  return ((value + unit - 1) / unit) * unit
}

/** Bytes of workspace that `matmul` needs for a product of this size. */
export function matmulWorkspace(rows: i32, columns: i32, depth: i32): i32 {
  const k = min(depth, DEPTH)
  return (MR * NR + (roundUp(min(rows, ROWS), MR) + roundUp(min(columns, COLUMNS), NR)) * k) * 4 + 64
}

/** Copies the used part of a full block of accumulators to the edge of C. */
function storeEdge(block: usize, c: usize, stride: usize, rows: i32, columns: i32, accumulate: bool): void {
  for (let i = 0; i < rows; i++) {
    let s = block
    let d = c
    for (let j = 0; j < columns; j++) {
      store<f32>(d, accumulate ? load<f32>(d) + load<f32>(s) : load<f32>(s))
      s += 4
      d += 4
    }
    block += NR * 4
    c += stride
  }
}

/** One packed block of A times one packed block of B. */
function multiplyBlocks(
  panelA: usize,
  panelB: usize,
  c: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  accumulate: bool,
  edge: usize,
): void {
  for (let j = 0; j < columns; j += NR) {
    const usedColumns = min(NR, columns - j)
    let a = panelA
    let d = c + (<usize>j << 2)
    for (let i = 0; i < rows; i += MR) {
      const usedRows = min(MR, rows - i)
      if (usedRows === MR && usedColumns === NR) {
        microKernel(depth, a, panelB, d, stride, accumulate)
      } else {
        if (usedColumns <= 4) microKernelNarrow(depth, a, panelB, edge, NR * 4)
        else microKernel(depth, a, panelB, edge, NR * 4, false)
        storeEdge(edge, d, stride, usedRows, usedColumns, accumulate)
      }
      a += <usize>depth * (MR * 4)
      d += stride * MR
    }
    panelB += <usize>depth * (NR * 4)
  }
}

/**
 * `C[rows, columns] (+)= op(A) op(B)`. `strideA`, `strideB`, `strideC` are the lengths of the stored rows, in elements;
 * C must not overlap A or B; `workspace` has room for `matmulWorkspace` bytes.
 */
export function matmul(
  transposeA: bool,
  transposeB: bool,
  rows: i32,
  columns: i32,
  depth: i32,
  a: usize,
  strideA: i32,
  b: usize,
  strideB: i32,
  c: usize,
  strideC: i32,
  accumulate: bool,
  workspace: usize,
): void {
  if (rows <= 0 || columns <= 0) return
  const rowA = <usize>strideA << 2
  const rowB = <usize>strideB << 2
  const rowC = <usize>strideC << 2
  if (depth <= 0) {
    if (!accumulate) for (let i = 0; i < rows; i++) memory.fill(c + <usize>i * rowC, 0, <usize>columns << 2)
    return
  }
  if (rows === 1 && (!transposeA || strideA === 1)) {
    vectorMatrix(transposeB, columns, depth, a, b, rowB, c, accumulate)
    return
  }
  if (columns === 1 && strideC === 1 && (transposeB || strideB === 1)) {
    vectorMatrix(!transposeA, rows, depth, b, a, rowA, c, accumulate)
    return
  }
  if (<f64>rows * <f64>columns * <f64>depth >= gemmWork) {
    gemm(transposeA, transposeB, rows, columns, depth, a, strideA, b, strideB, c, strideC, accumulate)
    return
  }
  const parts = (depth + DEPTH - 1) / DEPTH
  const part = (depth + parts - 1) / parts
  const edge = (workspace + 15) & ~15
  const panelA = edge + MR * NR * 4
  const panelB = panelA + <usize>(roundUp(min(rows, ROWS), MR) * part) * 4
  for (let j = 0; j < columns; j += COLUMNS) {
    const blockColumns = min(COLUMNS, columns - j)
    for (let k = 0; k < depth; k += part) {
      const blockDepth = min(part, depth - k)
      const offsetB = transposeB ? <usize>j * rowB + (<usize>k << 2) : <usize>k * rowB + (<usize>j << 2)
      packB(panelB, b + offsetB, transposeB, rowB, blockColumns, blockDepth)
      for (let i = 0; i < rows; i += ROWS) {
        const blockRows = min(ROWS, rows - i)
        const offsetA = transposeA ? <usize>k * rowA + (<usize>i << 2) : <usize>i * rowA + (<usize>k << 2)
        packA(panelA, a + offsetA, transposeA, rowA, blockRows, blockDepth)
        const d = c + <usize>i * rowC + (<usize>j << 2)
        multiplyBlocks(panelA, panelB, d, rowC, blockRows, blockColumns, blockDepth, accumulate || k > 0, edge)
      }
    }
  }
}

/**
 * `count` products of dense matrices that lie one after the other; a step (in elements) of 0 uses the same one again. `bias`
 * (0: none) is added to each row: the product is added to rows of it, which costs less than a pass over the product.
 */
export function matmulBatched(
  transposeA: bool,
  transposeB: bool,
  rows: i32,
  columns: i32,
  depth: i32,
  a: usize,
  stepA: i32,
  b: usize,
  stepB: i32,
  c: usize,
  count: i32,
  bias: usize,
  workspace: usize,
): void {
  const strideA = transposeA ? rows : depth
  const strideB = transposeB ? depth : columns
  for (let n = 0; n < count; n++) {
    if (bias !== 0) repeatBlocks(bias, c, 1, <usize>columns << 2, rows)
    matmul(transposeA, transposeB, rows, columns, depth, a, strideA, b, strideB, c, columns, bias !== 0, workspace)
    a += <usize>stepA << 2
    b += <usize>stepB << 2
    c += <usize>(rows * columns) << 2
  }
}
