// Functions of two numbers, four at a time: arithmetic, the larger and the smaller, comparisons. The two tensors are seen
// as [outer, middle, inner], where along the inner axis both are dense or one of them is one number, and along the others
// each has a step of its own, which is 0 where it is the same for all. Whatever broadcasts comes to that, and reads no
// more than there is. NaN as in tfjs's JavaScript backend: it wins, and it is equal to nothing.
import { get, put } from './lanes'

const ADD: i32 = 0
const SUBTRACT: i32 = 1
const MULTIPLY: i32 = 2
const DIVIDE: i32 = 3
const MAXIMUM: i32 = 4
const MINIMUM: i32 = 5
const SQUARED_DIFFERENCE: i32 = 6

/** Which of the two is one number along the inner axis. */
const NONE: i32 = 0
const FIRST: i32 = 1
const SECOND: i32 = 2

@inline
function value(kind: i32, a: v128, b: v128): v128 {
  if (kind === ADD) return f32x4.add(a, b)
  if (kind === SUBTRACT) return f32x4.sub(a, b)
  if (kind === MULTIPLY) return f32x4.mul(a, b)
  if (kind === DIVIDE) return f32x4.div(a, b)
  if (kind === MAXIMUM) return f32x4.max(a, b)
  if (kind === MINIMUM) return f32x4.min(a, b)
  const difference = f32x4.sub(a, b)
  return f32x4.mul(difference, difference)
}

@inline
function row(kind: i32, one: i32, a: usize, b: usize, y: usize, count: i32): void {
  const oneA = v128.load32_splat(a)
  const oneB = v128.load32_splat(b)
  for (; count >= 16; count -= 16) {
    // All reads before all writes: the engine cannot know that they do not overlap.
    const y0 = value(kind, one === FIRST ? oneA : v128.load(a), one === SECOND ? oneB : v128.load(b))
    const y1 = value(kind, one === FIRST ? oneA : v128.load(a, 16), one === SECOND ? oneB : v128.load(b, 16))
    const y2 = value(kind, one === FIRST ? oneA : v128.load(a, 32), one === SECOND ? oneB : v128.load(b, 32))
    const y3 = value(kind, one === FIRST ? oneA : v128.load(a, 48), one === SECOND ? oneB : v128.load(b, 48))
    v128.store(y, y0)
    v128.store(y, y1, 16)
    v128.store(y, y2, 32)
    v128.store(y, y3, 48)
    if (one !== FIRST) a += 64
    if (one !== SECOND) b += 64
    y += 64
  }
  for (; count >= 4; count -= 4) {
    v128.store(y, value(kind, one === FIRST ? oneA : v128.load(a), one === SECOND ? oneB : v128.load(b)))
    if (one !== FIRST) a += 16
    if (one !== SECOND) b += 16
    y += 16
  }
  for (; count > 0; count--) {
    put(y, value(kind, one === FIRST ? oneA : get(a, false), one === SECOND ? oneB : get(b, false)), false)
    if (one !== FIRST) a += 4
    if (one !== SECOND) b += 4
    y += 4
  }
}

@inline
function rows(
  kind: i32, one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  for (let i = 0; i < outer; i++) {
    let fromA = a
    let fromB = b
    for (let j = 0; j < middle; j++) {
      row(kind, one, fromA, fromB, y, inner)
      fromA += middleA
      fromB += middleB
      y += <usize>inner << 2
    }
    a += outerA
    b += outerB
  }
}

@inline
function apply(
  kind: i32, one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  if (one === NONE) rows(kind, NONE, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
  else if (one === FIRST) rows(kind, FIRST, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
  else rows(kind, SECOND, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

// `y[outer, middle, inner] = f(a, b)`, y dense; steps in bytes. Functions of their own: where one holds the loops of all,
// the engine's optimiser runs out of registers, and each takes twice the time.

export function add(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(ADD, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function subtract(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(SUBTRACT, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function multiply(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(MULTIPLY, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function divideBy(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(DIVIDE, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function maximum(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(MAXIMUM, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function minimum(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(MINIMUM, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}

export function squaredDifference(
  one: i32, a: usize, b: usize, y: usize, inner: i32,
  middle: i32, middleA: usize, middleB: usize, outer: i32, outerA: usize, outerB: usize,
): void {
  apply(SQUARED_DIFFERENCE, one, a, b, y, inner, middle, middleA, middleB, outer, outerA, outerB)
}
