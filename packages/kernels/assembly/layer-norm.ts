// Layer normalisation: each row by its own mean and variance. Ba, Kiros & Hinton 2016.
import { get, put, sumLanes } from './lanes'

/** Rows whose gradients of gamma and beta are summed up before they join the whole sum, which bounds the rounding. */
const PART: i32 = 256

/** Σ (x − shift), or Σ (x − shift)² with `squared`, in eight partial sums. */
@inline
function sumRow(x: usize, count: i32, shift: f32, squared: bool): f32 {
  const shifts = f32x4.splat(shift)
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  for (; count >= 8; count -= 8) {
    const a = f32x4.sub(v128.load(x), shifts)
    const b = f32x4.sub(v128.load(x, 16), shifts)
    s0 = f32x4.add(s0, squared ? f32x4.mul(a, a) : a)
    s1 = f32x4.add(s1, squared ? f32x4.mul(b, b) : b)
    x += 32
  }
  let sum = sumLanes(f32x4.add(s0, s1))
  for (; count > 0; count--) {
    const a = load<f32>(x) - shift
    sum += squared ? a * a : a
    x += 4
  }
  return sum
}

@inline
function normaliseStep(
  at: usize, x: usize, y: usize, gamma: usize, beta: usize, mean: v128, inverse: v128, whole: bool,
): void {
  let n = f32x4.mul(f32x4.sub(get(x + at, whole), mean), inverse)
  if (gamma !== 0) n = f32x4.mul(n, get(gamma + at, whole))
  if (beta !== 0) n = f32x4.add(n, get(beta + at, whole))
  put(y + at, n, whole)
}

/** `y = (x − mean) × inverse × gamma + beta` on `rows` × `size`; address 0 means no gamma, no beta. */
export function layerNorm(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  means: usize,
  inverses: usize,
  rows: i32,
  size: i32,
  epsilon: f32,
): void {
  const vectors = <usize>(size & ~3) << 2
  const end = <usize>size << 2
  for (let i = 0; i < rows; i++) {
    const mean: f32 = sumRow(x, size, 0, false) / <f32>size
    const variance: f32 = sumRow(x, size, mean, true) / <f32>size
    const inverse: f32 = (<f32>1) / sqrt<f32>(variance + epsilon)
    const m = f32x4.splat(mean)
    const v = f32x4.splat(inverse)
    let at: usize = 0
    for (; at < vectors; at += 16) normaliseStep(at, x, y, gamma, beta, m, v, true)
    for (; at < end; at += 4) normaliseStep(at, x, y, gamma, beta, m, v, false)
    store<f32>(means + (<usize>i << 2), mean)
    store<f32>(inverses + (<usize>i << 2), inverse)
    x += end
    y += end
  }
}

/** `total += part; part = 0` on `count` floats. */
function flush(part: usize, total: usize, count: i32): void {
  const zero = f32x4.splat(0)
  for (; count >= 4; count -= 4) {
    v128.store(total, f32x4.add(v128.load(total), v128.load(part)))
    v128.store(part, zero)
    total += 16
    part += 16
  }
  for (; count > 0; count--) {
    store<f32>(total, load<f32>(total) + load<f32>(part))
    store<f32>(part, 0)
    total += 4
    part += 4
  }
}

/** `dx` of one element from `g = dy × gamma`, `n` and the row's means of g and of g × n. */
@inline
function inputGradientStep(
  at: usize, dy: usize, x: usize, dx: usize, gamma: usize, mean: v128, inverse: v128, meanG: v128, meanGn: v128,
  whole: bool,
): void {
  const n = f32x4.mul(f32x4.sub(get(x + at, whole), mean), inverse)
  let g = get(dy + at, whole)
  if (gamma !== 0) g = f32x4.mul(g, get(gamma + at, whole))
  put(dx + at, f32x4.mul(f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(n, meanGn)), inverse), whole)
}

/**
 * Gradients of `layerNorm`. `dgamma` and `dbeta` are 0 where they are not wanted; `workspace` has room for 2 × `size`
 * floats.
 */
export function layerNormGradient(
  dy: usize,
  x: usize,
  means: usize,
  inverses: usize,
  gamma: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  rows: i32,
  size: i32,
  workspace: usize,
): void {
  const vectors = <usize>(size & ~3) << 2
  const end = <usize>size << 2
  const partGamma = workspace
  const partBeta = workspace + end
  memory.fill(workspace, 0, end << 1)
  if (dgamma !== 0) memory.fill(dgamma, 0, end)
  if (dbeta !== 0) memory.fill(dbeta, 0, end)
  for (let i = 0; i < rows; i++) {
    const mean = v128.load32_splat(means + (<usize>i << 2))
    const inverse = v128.load32_splat(inverses + (<usize>i << 2))
    let sumG = f32x4.splat(0)
    let sumGn = f32x4.splat(0)
    let at: usize = 0
    for (; at < vectors; at += 16) {
      const n = f32x4.mul(f32x4.sub(v128.load(x + at), mean), inverse)
      let g = v128.load(dy + at)
      if (dgamma !== 0) v128.store(partGamma + at, f32x4.add(v128.load(partGamma + at), f32x4.mul(g, n)))
      if (dbeta !== 0) v128.store(partBeta + at, f32x4.add(v128.load(partBeta + at), g))
      if (gamma !== 0) g = f32x4.mul(g, v128.load(gamma + at))
      sumG = f32x4.add(sumG, g)
      sumGn = f32x4.add(sumGn, f32x4.mul(g, n))
    }
    let totalG = sumLanes(sumG)
    let totalGn = sumLanes(sumGn)
    for (; at < end; at += 4) {
      const n: f32 = (load<f32>(x + at) - f32x4.extract_lane(mean, 0)) * f32x4.extract_lane(inverse, 0)
      let g = load<f32>(dy + at)
      if (dgamma !== 0) store<f32>(partGamma + at, load<f32>(partGamma + at) + g * n)
      if (dbeta !== 0) store<f32>(partBeta + at, load<f32>(partBeta + at) + g)
      if (gamma !== 0) g *= load<f32>(gamma + at)
      totalG += g
      totalGn += g * n
    }
    const meanG = f32x4.splat(totalG / <f32>size)
    const meanGn = f32x4.splat(totalGn / <f32>size)
    for (at = 0; at < vectors; at += 16) inputGradientStep(at, dy, x, dx, gamma, mean, inverse, meanG, meanGn, true)
    for (; at < end; at += 4) inputGradientStep(at, dy, x, dx, gamma, mean, inverse, meanG, meanGn, false)
    if (i % PART === PART - 1 || i === rows - 1) {
      if (dgamma !== 0) flush(partGamma, dgamma, size)
      if (dbeta !== 0) flush(partBeta, dbeta, size)
    }
    dy += end
    x += end
    dx += end
  }
}
