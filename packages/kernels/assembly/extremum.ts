// The larger and the smaller of two tensors, four floats at a time; NaN wins, as in tfjs's JavaScript backend.
import { get, put } from './lanes'

@inline
function pick(largest: bool, a: v128, b: v128): v128 {
  return largest ? f32x4.max(a, b) : f32x4.min(a, b)
}

@inline
function rows(
  largest: bool, a: usize, b: usize, y: usize, outer: i32, inner: i32, stepB: usize, dense: bool,
): void {
  for (let i = 0; i < outer; i++) {
    let from = b
    const one = dense ? f32x4.splat(0) : v128.load32_splat(b)
    let n = inner
    for (; n >= 4; n -= 4) {
      v128.store(y, pick(largest, v128.load(a), dense ? v128.load(from) : one))
      a += 16
      y += 16
      from += 16
    }
    for (; n > 0; n--) {
      put(y, pick(largest, get(a, false), dense ? get(from, false) : one), false)
      a += 4
      y += 4
      from += 4
    }
    b += stepB
  }
}

/**
 * `y[outer, inner]` from a dense `a` and a `b` of which each row is dense or one number, and rows are `stepB` floats
 * apart (0: the same for all).
 */
export function extremum(
  largest: bool,
  a: usize,
  b: usize,
  y: usize,
  outer: i32,
  inner: i32,
  stepB: i32,
  dense: bool,
): void {
  const step = <usize>stepB << 2
  if (largest) {
    if (dense) rows(true, a, b, y, outer, inner, step, true)
    else rows(true, a, b, y, outer, inner, step, false)
  } else {
    if (dense) rows(false, a, b, y, outer, inner, step, true)
    else rows(false, a, b, y, outer, inner, step, false)
  }
}
