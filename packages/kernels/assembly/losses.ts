// Losses of single elements: binary cross-entropy with logits and the losses of a difference. `reduction` is 0 for the
// mean, 1 for the sum, 2 for none. Sums are float64 over parts of float32, so that large batches keep their digits.
import { choose, get, put, sumLanes } from './lanes'
import { sigmoid, softplus } from './math'

const MEAN: i32 = 0
const NONE: i32 = 2
/** Elements summed up in float32 before they join the float64 sum. */
const PART: i32 = 1024

const SQUARED: i32 = 0
const ABSOLUTE: i32 = 1

@inline
function storeReduced(loss: usize, sum: f64, count: i32, reduction: i32): void {
  if (reduction !== NONE) store<f32>(loss, <f32>(reduction === MEAN ? sum / <f64>count : sum))
}

/** What every element's gradient is multiplied by: that of the loss, over the count where it is a mean. */
@inline
function shareOf(dy: usize, count: i32, reduction: i32): v128 {
  if (reduction === NONE) return f32x4.splat(0)
  return f32x4.splat(reduction === MEAN ? load<f32>(dy) / <f32>count : load<f32>(dy))
}

/** `1 + (q − 1) t`. */
@inline
function positiveFactor(t: v128, q: v128): v128 {
  const one = f32x4.splat(1)
  return f32x4.add(f32x4.mul(t, f32x4.sub(q, one)), one)
}

@inline
function binaryLoss(x: v128, t: v128, q: v128, w: v128): v128 {
  const negative = f32x4.mul(f32x4.sub(f32x4.splat(1), t), x)
  const positive = f32x4.mul(positiveFactor(t, q), softplus(f32x4.neg(x)))
  return f32x4.mul(w, f32x4.add(negative, positive))
}

@inline
function binarySlope(x: v128, t: v128, q: v128, w: v128): v128 {
  const positive = f32x4.mul(positiveFactor(t, q), sigmoid(f32x4.neg(x)))
  return f32x4.mul(w, f32x4.sub(f32x4.sub(f32x4.splat(1), t), positive))
}

/** `positive` and `weight` are 0 where there is no tensor: then `allPositive`, and 1. */
export function binaryCrossEntropy(
  x: usize,
  t: usize,
  positive: usize,
  weight: usize,
  loss: usize,
  count: i32,
  allPositive: f32,
  reduction: i32,
): void {
  const bytes = <usize>count << 2
  const vectors = <usize>(count & ~3) << 2
  const ones = f32x4.splat(1)
  const alls = f32x4.splat(allPositive)
  let sum: f64 = 0
  let at: usize = 0
  while (at < bytes) {
    const end = min(bytes, at + (PART << 2))
    const lastVector = min(vectors, end)
    let part = f32x4.splat(0)
    for (; at < lastVector; at += 16) {
      const q = positive !== 0 ? v128.load(positive + at) : alls
      const w = weight !== 0 ? v128.load(weight + at) : ones
      const value = binaryLoss(v128.load(x + at), v128.load(t + at), q, w)
      if (reduction === NONE) v128.store(loss + at, value)
      else part = f32x4.add(part, value)
    }
    sum += <f64>sumLanes(part)
    for (; at < end; at += 4) {
      const q = positive !== 0 ? get(positive + at, false) : alls
      const w = weight !== 0 ? get(weight + at, false) : ones
      const value = f32x4.extract_lane(binaryLoss(get(x + at, false), get(t + at, false), q, w), 0)
      if (reduction === NONE) store<f32>(loss + at, value)
      else sum += <f64>value
    }
  }
  storeReduced(loss, sum, count, reduction)
}

@inline
function binaryGradientStep(
  at: usize,
  x: usize,
  t: usize,
  positive: usize,
  weight: usize,
  dy: usize,
  dx: usize,
  allPositive: v128,
  share: v128,
  reduction: i32,
  whole: bool,
): void {
  const q = positive !== 0 ? get(positive + at, whole) : allPositive
  const w = weight !== 0 ? get(weight + at, whole) : f32x4.splat(1)
  const factor = reduction === NONE ? get(dy + at, whole) : share
  put(dx + at, f32x4.mul(binarySlope(get(x + at, whole), get(t + at, whole), q, w), factor), whole)
}

export function binaryCrossEntropyGradient(
  x: usize,
  t: usize,
  positive: usize,
  weight: usize,
  dy: usize,
  dx: usize,
  count: i32,
  allPositive: f32,
  reduction: i32,
): void {
  const share = shareOf(dy, count, reduction)
  const alls = f32x4.splat(allPositive)
  const vectors = <usize>(count & ~3) << 2
  const end = <usize>count << 2
  let at: usize = 0
  for (; at < vectors; at += 16) binaryGradientStep(at, x, t, positive, weight, dy, dx, alls, share, reduction, true)
  for (; at < end; at += 4) binaryGradientStep(at, x, t, positive, weight, dy, dx, alls, share, reduction, false)
}

@inline
function regressionValue(kind: i32, e: v128, delta: v128): v128 {
  if (kind === SQUARED) return f32x4.mul(e, e)
  const size = f32x4.abs(e)
  if (kind === ABSOLUTE) return size
  const half = f32x4.splat(0.5)
  const inner = f32x4.mul(f32x4.mul(e, e), half)
  const outer = f32x4.mul(delta, f32x4.sub(size, f32x4.mul(delta, half)))
  return choose(f32x4.gt(size, delta), outer, inner)
}

@inline
function regressionSlope(kind: i32, e: v128, delta: v128): v128 {
  if (kind === SQUARED) return f32x4.add(e, e)
  if (kind === ABSOLUTE) {
    const sign = v128.or(f32x4.splat(1), v128.and(e, i32x4.splat(<i32>0x80000000)))
    // 0 at 0, and NaN at NaN.
    return choose(v128.or(f32x4.gt(e, f32x4.splat(0)), f32x4.lt(e, f32x4.splat(0))), sign, e)
  }
  return f32x4.pmax(f32x4.pmin(e, delta), f32x4.neg(delta))
}

/** The loss of `p − t`: `kind` 0 squared, 1 absolute, 2 Huber's with `delta`. */
export function regressionLoss(
  p: usize,
  t: usize,
  loss: usize,
  count: i32,
  kind: i32,
  delta: f32,
  reduction: i32,
): void {
  const bytes = <usize>count << 2
  const vectors = <usize>(count & ~3) << 2
  const deltas = f32x4.splat(delta)
  let sum: f64 = 0
  let at: usize = 0
  while (at < bytes) {
    const end = min(bytes, at + (PART << 2))
    const lastVector = min(vectors, end)
    let part = f32x4.splat(0)
    for (; at < lastVector; at += 16) {
      const value = regressionValue(kind, f32x4.sub(v128.load(p + at), v128.load(t + at)), deltas)
      if (reduction === NONE) v128.store(loss + at, value)
      else part = f32x4.add(part, value)
    }
    sum += <f64>sumLanes(part)
    for (; at < end; at += 4) {
      const value = regressionValue(kind, f32x4.sub(get(p + at, false), get(t + at, false)), deltas)
      if (reduction === NONE) put(loss + at, value, false)
      else sum += <f64>f32x4.extract_lane(value, 0)
    }
  }
  storeReduced(loss, sum, count, reduction)
}

/** The gradient of `regressionLoss` with respect to p. */
export function regressionLossGradient(
  p: usize,
  t: usize,
  dy: usize,
  dx: usize,
  count: i32,
  kind: i32,
  delta: f32,
  reduction: i32,
): void {
  const share = shareOf(dy, count, reduction)
  const deltas = f32x4.splat(delta)
  const vectors = <usize>(count & ~3) << 2
  const end = <usize>count << 2
  let at: usize = 0
  for (; at < vectors; at += 16) {
    const slope = regressionSlope(kind, f32x4.sub(v128.load(p + at), v128.load(t + at)), deltas)
    v128.store(dx + at, f32x4.mul(slope, reduction === NONE ? v128.load(dy + at) : share))
  }
  for (; at < end; at += 4) {
    const slope = regressionSlope(kind, f32x4.sub(get(p + at, false), get(t + at, false)), deltas)
    put(dx + at, f32x4.mul(slope, reduction === NONE ? get(dy + at, false) : share), false)
  }
}
