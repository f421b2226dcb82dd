// Sums over one run of axes: x is seen as [outer, reduced, inner]. Nothing is transposed: sums over leading axes (the
// gradient of every bias) add whole rows. Long sums are cut into parts, whose sums are added up in float64 where there is
// one column, and in float32 elsewhere: the rounding error of n additions becomes that of n / PART + PART.

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

/** Adds `count` rows of `inner` floats to `y`, sixteen columns at a time in registers. */
function addRows(x: usize, y: usize, count: i32, inner: i32): void {
  const stride = <usize>inner << 2
  let j = inner
  for (; j >= 16; j -= 16) {
    let s0 = f32x4.splat(0)
    let s1 = f32x4.splat(0)
    let s2 = f32x4.splat(0)
    let s3 = f32x4.splat(0)
    let row = x
    for (let i = 0; i < count; i++) {
      s0 = f32x4.add(s0, v128.load(row))
      s1 = f32x4.add(s1, v128.load(row, 16))
      s2 = f32x4.add(s2, v128.load(row, 32))
      s3 = f32x4.add(s3, v128.load(row, 48))
      row += stride
    }
    v128.store(y, f32x4.add(v128.load(y), s0))
    v128.store(y, f32x4.add(v128.load(y, 16), s1), 16)
    v128.store(y, f32x4.add(v128.load(y, 32), s2), 32)
    v128.store(y, f32x4.add(v128.load(y, 48), s3), 48)
    x += 64
    y += 64
  }
  for (; j >= 4; j -= 4) {
    let s = f32x4.splat(0)
    let row = x
    for (let i = 0; i < count; i++) {
      s = f32x4.add(s, v128.load(row))
      row += stride
    }
    v128.store(y, f32x4.add(v128.load(y), s))
    x += 16
    y += 16
  }
  for (; j > 0; j--) {
    let s: f32 = 0
    let row = x
    for (let i = 0; i < count; i++) {
      s += load<f32>(row)
      row += stride
    }
    store<f32>(y, load<f32>(y) + s)
    x += 4
    y += 4
  }
}

/** `y[outer, inner] = Σ over reduced of x[outer, reduced, inner]`. */
export function sumAxes(x: usize, y: usize, outer: i32, reduced: i32, inner: i32): void {
  if (inner === 1) {
    for (let n = 0; n < outer; n++) {
      store<f32>(y, sumAll(x, reduced))
      x += <usize>reduced << 2
      y += 4
    }
    return
  }
  memory.fill(y, 0, <usize>(outer * inner) << 2)
  const stride = <usize>inner << 2
  for (let n = 0; n < outer; n++) {
    for (let from = 0; from < reduced; from += PART) {
      const count = min(PART, reduced - from)
      addRows(x, y, count, inner)
      x += <usize>count * stride
    }
    y += stride
  }
}
