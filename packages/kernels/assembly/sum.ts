// Sums over one run of axes: x is seen as [outer, reduced, inner]. Nothing is transposed: sums over leading axes (the
// gradient of every bias) add whole rows. Long sums are cut into parts, whose sums are added up in float64 where there is
// one column, and in float32 elsewhere: the rounding error of n additions becomes that of n / PART + PART.
import { get, put } from './lanes'

const PART: i32 = 512

/** Sum of `count` floats, in sixteen partial sums. */
function sumPart(x: usize, count: i32): f32 {
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  let s2 = f32x4.splat(0)
  let s3 = f32x4.splat(0)
  for (; count >= 16; count -= 16) {
    s0 = f32x4.add(s0, v128.load(x))
    s1 = f32x4.add(s1, v128.load(x, 16))
    s2 = f32x4.add(s2, v128.load(x, 32))
    s3 = f32x4.add(s3, v128.load(x, 48))
    x += 64
  }
  const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))
  let sum = f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
  for (; count > 0; count--) {
    sum += load<f32>(x)
    x += 4
  }
  return sum
}

function sumAll(x: usize, count: i32): f32 {
  let sum: f64 = 0
  for (; count > 0; count -= PART) {
    sum += <f64>sumPart(x, min(PART, count))
    x += <usize>PART << 2
  }
  return <f32>sum
}

@inline
function addEight(x: usize, y: usize, stride: usize, whole: bool): void {
  const low = x + stride * 4
  const a = f32x4.add(get(x, whole), get(x + stride, whole))
  const b = f32x4.add(get(x + stride * 2, whole), get(x + stride * 3, whole))
  const c = f32x4.add(get(low, whole), get(low + stride, whole))
  const d = f32x4.add(get(low + stride * 2, whole), get(low + stride * 3, whole))
  put(y, f32x4.add(get(y, whole), f32x4.add(f32x4.add(a, b), f32x4.add(c, d))), whole)
}

/** Adds eight rows of `inner` floats, `stride` bytes apart, to `y`: whole rows one after the other, as memory is read best. */
function addEightRows(x: usize, y: usize, inner: i32, stride: usize): void {
  for (; inner >= 4; inner -= 4) {
    addEight(x, y, stride, true)
    x += 16
    y += 16
  }
  for (; inner > 0; inner--) {
    addEight(x, y, stride, false)
    x += 4
    y += 4
  }
}

function addRow(x: usize, y: usize, inner: i32): void {
  for (; inner >= 4; inner -= 4) {
    v128.store(y, f32x4.add(v128.load(y), v128.load(x)))
    x += 16
    y += 16
  }
  for (; inner > 0; inner--) {
    store<f32>(y, load<f32>(y) + load<f32>(x))
    x += 4
    y += 4
  }
}

function addRows(x: usize, y: usize, count: i32, inner: i32): void {
  const stride = <usize>inner << 2
  for (; count >= 8; count -= 8) {
    addEightRows(x, y, inner, stride)
    x += stride * 8
  }
  for (; count > 0; count--) {
    addRow(x, y, inner)
    x += stride
  }
}

/** Sum of `count` rows in `y`: in parts, of which each is summed in `part`, where there is more than one. */
function sumRows(x: usize, y: usize, count: i32, inner: i32, part: usize): void {
  const stride = <usize>inner << 2
  memory.fill(y, 0, stride)
  if (count <= PART) {
    addRows(x, y, count, inner)
    return
  }
  for (; count > 0; count -= PART) {
    memory.fill(part, 0, stride)
    addRows(x, part, min(PART, count), inner)
    addRow(part, y, inner)
    x += stride * PART
  }
}

/** `y[outer, inner] = Σ over reduced of x[outer, reduced, inner]`. `workspace` has room for `inner` floats. */
export function sumAxes(x: usize, y: usize, outer: i32, reduced: i32, inner: i32, workspace: usize): void {
  const stride = <usize>inner << 2
  for (let n = 0; n < outer; n++) {
    if (inner === 1) store<f32>(y, sumAll(x, reduced))
    else sumRows(x, y, reduced, inner, workspace)
    x += stride * reduced
    y += stride
  }
}
