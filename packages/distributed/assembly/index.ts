// Reductions over the slots of all ranks, on the memory that they share: `target[i] = op over r of first[r · stride + i]`,
// always in the order of the ranks, so that whoever computes gets the same bits.

const SUM: i32 = 0
const MIN: i32 = 1
const MAX: i32 = 2
const PRODUCT: i32 = 3

@inline
function combineFloats(op: i32, a: v128, b: v128): v128 {
  if (op === SUM) return f32x4.add(a, b)
  if (op === MIN) return f32x4.min(a, b)
  if (op === MAX) return f32x4.max(a, b)
  return f32x4.mul(a, b)
}

@inline
function floats(op: i32, first: usize, stride: usize, ranks: i32, target: usize, count: i32, scale: f32): void {
  const factor = f32x4.splat(scale)
  for (; count >= 8; count -= 8) {
    let a = v128.load(first)
    let b = v128.load(first, 16)
    let other = first + stride
    for (let r = 1; r < ranks; r++) {
      a = combineFloats(op, a, v128.load(other))
      b = combineFloats(op, b, v128.load(other, 16))
      other += stride
    }
    v128.store(target, f32x4.mul(a, factor))
    v128.store(target, f32x4.mul(b, factor), 16)
    first += 32
    target += 32
  }
  for (; count > 0; count--) {
    let a = v128.load32_zero(first)
    let other = first + stride
    for (let r = 1; r < ranks; r++) {
      a = combineFloats(op, a, v128.load32_zero(other))
      other += stride
    }
    store<f32>(target, f32x4.extract_lane(a, 0) * scale)
    first += 4
    target += 4
  }
}

/** `scale` is a factor on the result: 1 / ranks for a mean. */
export function reduceFloats(
  op: i32, first: usize, stride: usize, ranks: i32, target: usize, count: i32, scale: f32,
): void {
  switch (op) {
    case SUM: return floats(SUM, first, stride, ranks, target, count, scale)
    case MIN: return floats(MIN, first, stride, ranks, target, count, scale)
    case MAX: return floats(MAX, first, stride, ranks, target, count, scale)
    case PRODUCT: return floats(PRODUCT, first, stride, ranks, target, count, scale)
  }
}

function combineIntegers(op: i32, a: i32, b: i32): i32 {
  if (op === SUM) return a + b
  if (op === MIN) return min(a, b)
  if (op === MAX) return max(a, b)
  return a * b
}

export function reduceIntegers(op: i32, first: usize, stride: usize, ranks: i32, target: usize, count: i32): void {
  for (; count > 0; count--) {
    let a = load<i32>(first)
    let other = first + stride
    for (let r = 1; r < ranks; r++) {
      a = combineIntegers(op, a, load<i32>(other))
      other += stride
    }
    store<i32>(target, a)
    first += 4
    target += 4
  }
}

/** Of booleans: the least is whether all are, the largest whether any is. */
export function reduceBytes(op: i32, first: usize, stride: usize, ranks: i32, target: usize, count: i32): void {
  for (; count > 0; count--) {
    let a = <i32>load<u8>(first)
    let other = first + stride
    for (let r = 1; r < ranks; r++) {
      a = combineIntegers(op, a, <i32>load<u8>(other))
      other += stride
    }
    store<u8>(target, <u8>a)
    first++
    target++
  }
}
