// Reductions over what all ranks put forward, on the memory that they share, always in the order of the ranks, so that
// whoever computes gets the same bits. What rank r has begins at `first + r · stride`, but for one's own, which begins at `own`.
// Floats are reduced in whole cache lines: up to 60 bytes behind the last one are overwritten. One export per operation: the
// compiler folds loops that differ in their operation alone into one loop with a branch in it, half as fast.

const SUM: i32 = 0
const MIN: i32 = 1
const MAX: i32 = 2
const PRODUCT: i32 = 3

const LINE: i32 = 64
/** Floats that are reduced at a time, rank after rank: the result so far stays in the fastest cache. */
const STRETCH: i32 = 1024

@inline
function combineFloats(op: i32, a: v128, b: v128): v128 {
  if (op === SUM) return f32x4.add(a, b)
  if (op === MIN) return f32x4.min(a, b)
  if (op === MAX) return f32x4.max(a, b)
  return f32x4.mul(a, b)
}

/** `target = (a op b) · scale`, which may lie where one of them does. */
@inline
function floatsOfTwo(op: i32, a: usize, b: usize, target: usize, bytes: i32, scale: f32): void {
  const factor = f32x4.splat(scale)
  for (; bytes > 0; bytes -= LINE) {
    v128.store(target, f32x4.mul(combineFloats(op, v128.load(a), v128.load(b)), factor))
    v128.store(target, f32x4.mul(combineFloats(op, v128.load(a, 16), v128.load(b, 16)), factor), 16)
    v128.store(target, f32x4.mul(combineFloats(op, v128.load(a, 32), v128.load(b, 32)), factor), 32)
    v128.store(target, f32x4.mul(combineFloats(op, v128.load(a, 48), v128.load(b, 48)), factor), 48)
    a += LINE
    b += LINE
    target += LINE
  }
}

@inline
function placeOf(r: i32, first: usize, stride: usize, rank: i32, own: usize): usize {
  return r === rank ? own : first + <usize>r * stride
}

@inline
function floats(
  op: i32, first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32, scale: f32,
): void {
  for (; count > 0; count -= STRETCH) {
    const bytes = min(count, STRETCH) << 2
    let a = placeOf(0, first, stride, rank, own)
    for (let r = 1; r < ranks; r++) {
      floatsOfTwo(op, a, placeOf(r, first, stride, rank, own), target, bytes, r === ranks - 1 ? scale : 1)
      a = target
    }
    first += STRETCH << 2
    own += STRETCH << 2
    target += STRETCH << 2
  }
}

@inline
function combineIntegers(op: i32, a: i32, b: i32): i32 {
  if (op === SUM) return a + b
  if (op === MIN) return min(a, b)
  if (op === MAX) return max(a, b)
  return a * b
}

@inline
function integers(
  op: i32, first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32,
): void {
  let a = placeOf(0, first, stride, rank, own)
  for (let r = 1; r < ranks; r++) {
    const b = placeOf(r, first, stride, rank, own)
    for (let i: usize = 0; i < <usize>count << 2; i += 4) {
      store<i32>(target + i, combineIntegers(op, load<i32>(a + i), load<i32>(b + i)))
    }
    a = target
  }
}

@inline
function bytes(
  op: i32, first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32,
): void {
  let a = placeOf(0, first, stride, rank, own)
  for (let r = 1; r < ranks; r++) {
    const b = placeOf(r, first, stride, rank, own)
    for (let i: usize = 0; i < <usize>count; i++) {
      store<u8>(target + i, <u8>combineIntegers(op, load<u8>(a + i), load<u8>(b + i)))
    }
    a = target
  }
}

/** `scale` is a factor on the result: 1 / ranks for a mean. */
export function sumFloats(first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32, scale: f32): void {
  floats(SUM, first, stride, ranks, rank, own, target, count, scale)
}

export function minFloats(first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32): void {
  floats(MIN, first, stride, ranks, rank, own, target, count, 1)
}

export function maxFloats(first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32): void {
  floats(MAX, first, stride, ranks, rank, own, target, count, 1)
}

export function productFloats(first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32): void {
  floats(PRODUCT, first, stride, ranks, rank, own, target, count, 1)
}

export function sumIntegers(first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32): void {
  integers(SUM, first, stride, ranks, rank, own, target, count)
}

export function minIntegers(first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32): void {
  integers(MIN, first, stride, ranks, rank, own, target, count)
}

export function maxIntegers(first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32): void {
  integers(MAX, first, stride, ranks, rank, own, target, count)
}

export function productIntegers(first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32): void {
  integers(PRODUCT, first, stride, ranks, rank, own, target, count)
}

/** Of booleans: the least is whether all are, the largest whether any is. */
export function minBytes(first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32): void {
  bytes(MIN, first, stride, ranks, rank, own, target, count)
}

export function maxBytes(first: usize, stride: usize, ranks: i32, rank: i32, own: usize, target: usize, count: i32): void {
  bytes(MAX, first, stride, ranks, rank, own, target, count)
}

/** Within the shared memory. */
export function move(from: usize, to: usize, bytes: usize): void {
  memory.copy(to, from, bytes)
}
