// The largest and the smallest along one run of axes, and where they are: x is seen as [outer, reduced, inner]. NaN as in
// tfjs's JavaScript backend: it wins as a value; as a place it counts only where it comes first.
import { choose, fill, get, put } from './lanes'

/** The better of two numbers; a NaN in x is passed over, one in `best` stays. One instruction; `f32x4.max` is eight. */
@inline
function betterNumber(largest: bool, best: v128, x: v128): v128 {
  return largest ? f32x4.pmax(best, x) : f32x4.pmin(best, x)
}

/** All bits of a lane where x is NaN: itself a NaN. */
@inline
function nans(x: v128): v128 {
  return f32x4.ne(x, x)
}

/** The better of four numbers, none of them NaN. */
@inline
function ofLanes(largest: bool, v: v128): f32 {
  const pair = betterNumber(largest, v, v128.shuffle<i64>(v, v, 1, 0))
  return f32x4.extract_lane(betterNumber(largest, pair, v128.shuffle<i32>(pair, pair, 1, 0, 3, 2)), 0)
}

/** Of `count` floats that lie together. */
@inline
function extremeOfRow(largest: bool, x: usize, count: i32): f32 {
  let m0 = f32x4.splat(largest ? -Infinity : Infinity)
  let m1 = m0
  let unordered = f32x4.splat(0)
  for (; count >= 8; count -= 8) {
    const a = v128.load(x)
    const b = v128.load(x, 16)
    m0 = betterNumber(largest, m0, a)
    m1 = betterNumber(largest, m1, b)
    unordered = v128.or(unordered, v128.or(nans(a), nans(b)))
    x += 32
  }
  for (; count > 0; count--) {
    const a = v128.load32_splat(x)
    m0 = betterNumber(largest, m0, a)
    unordered = v128.or(unordered, nans(a))
    x += 4
  }
  return v128.any_true(unordered) ? NaN : ofLanes(largest, betterNumber(largest, m0, m1))
}

@inline
function improve(largest: bool, x: usize, second: usize, y: usize, whole: bool): void {
  const a = get(x, whole)
  const b = get(x + second, whole)
  const best = betterNumber(largest, betterNumber(largest, get(y, whole), a), b)
  put(y, v128.or(best, v128.or(nans(a), nans(b))), whole)
}

/** Of `count` rows of `inner` floats, column by column: two rows at a time, as they lie, into the best so far. */
@inline
function extremeOfColumns(largest: bool, x: usize, y: usize, count: i32, inner: i32): void {
  const stride = <usize>inner << 2
  fill(y, inner, largest ? -Infinity : Infinity)
  while (count > 0) {
    const second = count > 1 ? stride : 0
    let at: usize = 0
    for (; at + 16 <= stride; at += 16) improve(largest, x + at, second, y + at, true)
    for (; at < stride; at += 4) improve(largest, x + at, second, y + at, false)
    x += second + stride
    count -= 2
  }
}

@inline
function extremes(largest: bool, x: usize, y: usize, outer: i32, reduced: i32, inner: i32): void {
  for (let n = 0; n < outer; n++) {
    if (inner === 1) store<f32>(y, extremeOfRow(largest, x, reduced))
    else extremeOfColumns(largest, x, y, reduced, inner)
    x += <usize>(reduced * inner) << 2
    y += <usize>inner << 2
  }
}

/** `y[outer, inner]` = the largest or the smallest of `x[outer, reduced, inner]` along the middle. */
export function extremum(largest: bool, x: usize, y: usize, outer: i32, reduced: i32, inner: i32): void {
  if (largest) extremes(true, x, y, outer, reduced, inner)
  else extremes(false, x, y, outer, reduced, inner)
}

/** The place of the first of the best, in a row whose first is a number: found by value, then looked up. */
@inline
function placeInRow(largest: bool, x: usize, count: i32): i32 {
  let best = v128.load32_splat(x)
  if (!v128.any_true(f32x4.eq(best, best))) return 0
  let second = best
  let from = x
  let n = count
  for (; n >= 8; n -= 8) {
    best = betterNumber(largest, best, v128.load(from))
    second = betterNumber(largest, second, v128.load(from, 16))
    from += 32
  }
  for (; n > 0; n--) {
    best = betterNumber(largest, best, v128.load32_splat(from))
    from += 4
  }
  const wanted = f32x4.splat(ofLanes(largest, betterNumber(largest, best, second)))
  let place = 0
  for (; place + 4 <= count; place += 4) {
    const equal = f32x4.eq(v128.load(x), wanted)
    if (v128.any_true(equal)) return place + ctz(i32x4.bitmask(equal))
    x += 16
  }
  while (load<f32>(x) !== f32x4.extract_lane(wanted, 0)) {
    x += 4
    place++
  }
  return place
}

@inline
function placeInColumn(largest: bool, x: usize, y: usize, count: i32, stride: usize, whole: bool): void {
  let best = get(x, whole)
  let places = i32x4.splat(0)
  for (let n = 1; n < count; n++) {
    x += stride
    const next = get(x, whole)
    const isBetter = largest ? f32x4.gt(next, best) : f32x4.lt(next, best)
    best = choose(isBetter, next, best)
    places = choose(isBetter, i32x4.splat(n), places)
  }
  put(y, places, whole)
}

@inline
function placesInColumns(largest: bool, x: usize, y: usize, count: i32, inner: i32): void {
  const stride = <usize>inner << 2
  let at: usize = 0
  for (; at + 16 <= stride; at += 16) placeInColumn(largest, x + at, y + at, count, stride, true)
  for (; at < stride; at += 4) placeInColumn(largest, x + at, y + at, count, stride, false)
}

@inline
function places(largest: bool, x: usize, y: usize, outer: i32, reduced: i32, inner: i32): void {
  for (let n = 0; n < outer; n++) {
    if (inner === 1) store<i32>(y, placeInRow(largest, x, reduced))
    else placesInColumns(largest, x, y, reduced, inner)
    x += <usize>(reduced * inner) << 2
    y += <usize>inner << 2
  }
}

/** `y[outer, inner]` int32 = where along the middle the largest or the smallest is first. `reduced` is not 0. */
export function extremumPlace(largest: bool, x: usize, y: usize, outer: i32, reduced: i32, inner: i32): void {
  if (largest) places(true, x, y, outer, reduced, inner)
  else places(false, x, y, outer, reduced, inner)
}
