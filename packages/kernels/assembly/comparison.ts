// Comparisons of floats, and logic on booleans, sixteen at a time: booleans are bytes, 0 or 1. Broadcasting as in
// `binary.ts`.

const GREATER: i32 = 0
const GREATER_EQUAL: i32 = 1
const EQUAL: i32 = 2
const NOT_EQUAL: i32 = 3
const AND: i32 = 4
const OR: i32 = 5

const NONE: i32 = 0
const FIRST: i32 = 1
const SECOND: i32 = 2

/** Bytes of an element of the operands. */
@inline
function bytesOf(kind: i32): usize {
  return kind >= AND ? 1 : 4
}

@inline
function compare(kind: i32, a: v128, b: v128): v128 {
  if (kind === GREATER) return f32x4.gt(a, b)
  if (kind === GREATER_EQUAL) return f32x4.ge(a, b)
  if (kind === EQUAL) return f32x4.eq(a, b)
  return f32x4.ne(a, b)
}

/** Four floats or sixteen booleans at `address`; or the one, in all lanes. */
@inline
function side(kind: i32, address: usize, isOne: bool): v128 {
  if (!isOne) return v128.load(address)
  return kind >= AND ? v128.load8_splat(address) : v128.load32_splat(address)
}

/** Whether true, in all bits of sixteen bytes. */
@inline
function logic(kind: i32, a: v128, b: v128): v128 {
  const either = kind === AND ? v128.not(v128.or(falses(a), falses(b))) : v128.not(v128.and(falses(a), falses(b)))
  return either
}

@inline
function falses(x: v128): v128 {
  return i8x16.eq(x, i8x16.splat(0))
}

@inline
function sixteen(kind: i32, one: i32, a: usize, b: usize): v128 {
  if (kind >= AND) return logic(kind, side(kind, a, one === FIRST), side(kind, b, one === SECOND))
  // Of masks of 32 bits, saturation keeps all or nothing.
  const stepA: usize = one === FIRST ? 0 : 16
  const stepB: usize = one === SECOND ? 0 : 16
  const m0 = compare(kind, side(kind, a, one === FIRST), side(kind, b, one === SECOND))
  const m1 = compare(kind, side(kind, a + stepA, one === FIRST), side(kind, b + stepB, one === SECOND))
  const m2 = compare(kind, side(kind, a + stepA * 2, one === FIRST), side(kind, b + stepB * 2, one === SECOND))
  const m3 = compare(kind, side(kind, a + stepA * 3, one === FIRST), side(kind, b + stepB * 3, one === SECOND))
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(m0, m1), i16x8.narrow_i32x4_s(m2, m3))
}

@inline
function single(kind: i32, a: usize, b: usize): u8 {
  if (kind >= AND) {
    const truthA = load<u8>(a) !== 0
    const truthB = load<u8>(b) !== 0
    return u8(kind === AND ? truthA && truthB : truthA || truthB)
  }
  return <u8>(i32x4.extract_lane(compare(kind, v128.load32_splat(a), v128.load32_splat(b)), 0) & 1)
}

@inline
function row(kind: i32, one: i32, a: usize, b: usize, y: usize, count: i32): void {
  const bytes = bytesOf(kind)
  for (; count >= 16; count -= 16) {
    v128.store(y, v128.and(sixteen(kind, one, a, b), i8x16.splat(1)))
    if (one !== FIRST) a += bytes * 16
    if (one !== SECOND) b += bytes * 16
    y += 16
  }
  for (; count > 0; count--) {
    store<u8>(y, single(kind, a, b))
    if (one !== FIRST) a += bytes
    if (one !== SECOND) b += bytes
    y++
  }
}

@inline
function apply(
  kind: i32, one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  for (let i = 0; i < outer; i++) {
    let fromA = a
    let fromB = b
    for (let j = 0; j < middle; j++) {
      if (one === NONE) row(kind, NONE, fromA, fromB, y, inner)
      else if (one === FIRST) row(kind, FIRST, fromA, fromB, y, inner)
      else row(kind, SECOND, fromA, fromB, y, inner)
      fromA += middleA
      fromB += middleB
      y += inner
    }
    a += outerA
    b += outerB
  }
}

// `y[outer, middle, inner]`, dense booleans; steps in bytes.

export function greater(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(GREATER, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function greaterEqual(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(GREATER_EQUAL, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function equal(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(EQUAL, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function notEqual(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(NOT_EQUAL, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function logicalAnd(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(AND, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function logicalOr(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(OR, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

/** `y[count] = not x`. */
export function logicalNot(x: usize, y: usize, count: i32): void {
  for (; count >= 16; count -= 16) {
    v128.store(y, v128.and(falses(v128.load(x)), i8x16.splat(1)))
    x += 16
    y += 16
  }
  for (; count > 0; count--) {
    store<u8>(y++, u8(load<u8>(x++) === 0))
  }
}

/** The mask of four of sixteen masks of a byte: `quarter` 0 to 3. */
@inline
function widen(masks: v128, high: bool, highest: bool): v128 {
  const half = high ? i16x8.extend_high_i8x16_s(masks) : i16x8.extend_low_i8x16_s(masks)
  return highest ? i32x4.extend_high_i16x8_s(half) : i32x4.extend_low_i16x8_s(half)
}

@inline
function pick(mask: v128, t: usize, e: usize, y: usize): void {
  v128.store(y, v128.bitselect(v128.load(t), v128.load(e), mask))
}

/** `y[count] = condition[count] ? t[count] : e[count]` for elements of four bytes. */
export function select(condition: usize, t: usize, e: usize, y: usize, count: i32): void {
  for (; count >= 16; count -= 16) {
    const masks = v128.not(falses(v128.load(condition)))
    pick(widen(masks, false, false), t, e, y)
    pick(widen(masks, false, true), t + 16, e + 16, y + 16)
    pick(widen(masks, true, false), t + 32, e + 32, y + 32)
    pick(widen(masks, true, true), t + 48, e + 48, y + 48)
    condition += 16
    t += 64
    e += 64
    y += 64
  }
  for (; count > 0; count--) {
    store<u32>(y, load<u8>(condition) !== 0 ? load<u32>(t) : load<u32>(e))
    condition++
    t += 4
    e += 4
    y += 4
  }
}
