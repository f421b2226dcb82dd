// A vector times a matrix (inference on one sample, a layer with one output): every element of the matrix is used once,
// so that packing it would cost more than the product.
import { multiplyAdd } from './micro-kernel'

function horizontalSum(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  )
}

/** Dot product of two dense vectors, in eight partial sums. */
function dot(x: usize, y: usize, count: i32): f32 {
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  for (; count >= 8; count -= 8) {
    s0 = multiplyAdd(v128.load(x), v128.load(y), s0)
    s1 = multiplyAdd(v128.load(x, 16), v128.load(y, 16), s1)
    x += 32
    y += 32
  }
  let sum = horizontalSum(f32x4.add(s0, s1))
  for (; count > 0; count--) {
    sum += load<f32>(x) * load<f32>(y)
    x += 4
    y += 4
  }
  return sum
}

/** Four columns of `x M` at `column`. */
function fourColumns(depth: i32, x: usize, column: usize, stride: usize): v128 {
  let s = f32x4.splat(0)
  for (let k = 0; k < depth; k++) {
    s = multiplyAdd(v128.load32_splat(x), v128.load(column), s)
    x += 4
    column += stride
  }
  return s
}

/** Sixteen columns of `x M` at `column`, a whole cache line per row. */
function sixteenColumns(depth: i32, x: usize, column: usize, stride: usize, y: usize, accumulate: bool): void {
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  let s2 = f32x4.splat(0)
  let s3 = f32x4.splat(0)
  for (let k = 0; k < depth; k++) {
    const value = v128.load32_splat(x)
    s0 = multiplyAdd(value, v128.load(column), s0)
    s1 = multiplyAdd(value, v128.load(column, 16), s1)
    s2 = multiplyAdd(value, v128.load(column, 32), s2)
    s3 = multiplyAdd(value, v128.load(column, 48), s3)
    x += 4
    column += stride
  }
  if (accumulate) {
    s0 = f32x4.add(s0, v128.load(y))
    s1 = f32x4.add(s1, v128.load(y, 16))
    s2 = f32x4.add(s2, v128.load(y, 32))
    s3 = f32x4.add(s3, v128.load(y, 48))
  }
  v128.store(y, s0)
  v128.store(y, s1, 16)
  v128.store(y, s2, 32)
  v128.store(y, s3, 48)
}

/** `y[columns] (+)= x[depth] op(M)`; rows of M as stored are `stride` bytes apart (`transposed`: columns × depth). */
export function vectorMatrix(
  transposed: bool,
  columns: i32,
  depth: i32,
  x: usize,
  m: usize,
  stride: usize,
  y: usize,
  accumulate: bool,
): void {
  if (transposed) {
    for (let j = 0; j < columns; j++) {
      const sum = dot(x, m, depth)
      store<f32>(y, accumulate ? load<f32>(y) + sum : sum)
      m += stride
      y += 4
    }
    return
  }
  for (; columns >= 16; columns -= 16) {
    sixteenColumns(depth, x, m, stride, y, accumulate)
    m += 64
    y += 64
  }
  for (; columns >= 4; columns -= 4) {
    const s = fourColumns(depth, x, m, stride)
    v128.store(y, accumulate ? f32x4.add(s, v128.load(y)) : s)
    m += 16
    y += 16
  }
  for (; columns > 0; columns--) {
    let sum: f32 = 0
    for (let k = 0; k < depth; k++) sum += load<f32>(x + (<usize>k << 2)) * load<f32>(m + <usize>k * stride)
    store<f32>(y, accumulate ? load<f32>(y) + sum : sum)
    m += 4
    y += 4
  }
}
