// Softmax cross-entropy, row by row: the logarithm of the sum of exponentials forward, probabilities backward.
import { get, sumLanes } from './lanes'
import { exp, log } from './math'

/** The largest of a row; NaN if it has one. */
export function rowMaximum(x: usize, count: i32): f32 {
  let m = f32x4.splat(-Infinity)
  let rest = count
  for (; rest >= 4; rest -= 4) {
    m = f32x4.max(m, v128.load(x))
    x += 16
  }
  for (; rest > 0; rest--) {
    m = f32x4.max(m, get(x, false))
    x += 4
  }
  const pair = f32x4.max(m, v128.shuffle<i32>(m, m, 2, 3, 0, 1))
  return max(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1))
}

/** Keeps the first `count` lanes, zeros the others. */
@inline
function firstLanes(v: v128, count: i32): v128 {
  return v128.and(v, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)))
}

/** Up to three floats, in the low lanes; nothing beyond them is read. */
function loadSome(x: usize, count: i32): v128 {
  let v = v128.load32_zero(x)
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(x, 4))
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(x, 8))
  return v
}

/** Σ exp(x − shift) over a row. */
function sumOfExponentials(x: usize, count: i32, shift: f32): f32 {
  const shifts = f32x4.splat(shift)
  let sum = f32x4.splat(0)
  for (; count >= 4; count -= 4) {
    sum = f32x4.add(sum, exp(f32x4.sub(v128.load(x), shifts)))
    x += 16
  }
  if (count > 0) sum = f32x4.add(sum, firstLanes(exp(f32x4.sub(loadSome(x, count), shifts)), count))
  return sumLanes(sum)
}

/** ln Σ exp(x) over a row. */
function logSumExp(x: usize, count: i32): f32 {
  const m = rowMaximum(x, count)
  return m + f32x4.extract_lane(log(f32x4.splat(sumOfExponentials(x, count, m))), 0)
}

const MEAN: i32 = 0
const SUM: i32 = 1

/** Σ w (shift − x) over a row, in float64; `w` 0: all 1. */
function weightedSurprise(x: usize, w: usize, count: i32, shift: f32): f64 {
  let sum: f64 = 0
  for (let j = 0; j < count; j++) {
    const offset = <usize>j << 2
    const weight: f32 = w !== 0 ? load<f32>(w + offset) : 1
    sum += <f64>(weight * (shift - load<f32>(x + offset)))
  }
  return sum
}

function sumOf(x: usize, count: i32): f32 {
  let sum: f64 = 0
  for (let j = 0; j < count; j++) sum += <f64>load<f32>(x + (<usize>j << 2))
  return <f32>sum
}

/** The label's weight; a label outside the classes counts as the nearest, as its row becomes NaN anyway. */
function labelWeight(weight: usize, label: i32, classes: i32): f32 {
  if (weight === 0) return 1
  return load<f32>(weight + (<usize>max(0, min(classes - 1, label)) << 2))
}

/**
 * Cross-entropy of `logits[rows, classes]` with class indices. `weight` 0: none; `loss` is one number, or one per row
 * where `reduction` is 2. Rows of `ignoreIndex` count nothing; a wrong label makes its row NaN.
 */
export function sparseCrossEntropy(
  logits: usize,
  labels: usize,
  weight: usize,
  loss: usize,
  logSumExps: usize,
  totalWeight: usize,
  rows: i32,
  classes: i32,
  smoothing: f32,
  ignoreIndex: i32,
  reduction: i32,
): void {
  const stride = <usize>classes << 2
  const spread: f32 = smoothing / <f32>classes
  let total: f64 = 0
  let weights: f64 = 0
  for (let i = 0; i < rows; i++) {
    const label = load<i32>(labels + (<usize>i << 2))
    const shift = logSumExp(logits, classes)
    store<f32>(logSumExps + (<usize>i << 2), shift)
    let row: f64 = 0
    if (label !== ignoreIndex) {
      const w = labelWeight(weight, label, classes)
      weights += <f64>w
      if (<u32>label >= <u32>classes) row = NaN
      else row = <f64>((1 - smoothing) * w * (shift - load<f32>(logits + (<usize>label << 2))))
      if (smoothing > 0) row += <f64>spread * weightedSurprise(logits, weight, classes, shift)
    }
    if (reduction === MEAN || reduction === SUM) total += row
    else store<f32>(loss + (<usize>i << 2), <f32>row)
    logits += stride
  }
  store<f32>(totalWeight, <f32>weights)
  if (reduction === MEAN) store<f32>(loss, <f32>(total / weights))
  if (reduction === SUM) store<f32>(loss, <f32>total)
}

/** `dx = exp(x − shift) scale − w constant` over a row; `w` 0: all 1. */
function probabilityRow(x: usize, dx: usize, w: usize, count: i32, shift: f32, scale: f32, constant: f32): void {
  const shifts = f32x4.splat(shift)
  const scales = f32x4.splat(scale)
  const constants = f32x4.splat(constant)
  const step: usize = w !== 0 ? 4 : 0
  for (; count >= 4; count -= 4) {
    let v = f32x4.mul(exp(f32x4.sub(v128.load(x), shifts)), scales)
    if (constant !== 0) v = f32x4.sub(v, w !== 0 ? f32x4.mul(v128.load(w), constants) : constants)
    v128.store(dx, v)
    x += 16
    dx += 16
    w += step << 2
  }
  for (; count > 0; count--) {
    let v = f32x4.mul(exp(f32x4.sub(get(x, false), shifts)), scales)
    if (constant !== 0) v = f32x4.sub(v, w !== 0 ? f32x4.mul(get(w, false), constants) : constants)
    store<f32>(dx, f32x4.extract_lane(v, 0))
    x += 4
    dx += 4
    w += step
  }
}

/** The gradient of `sparseCrossEntropy`. `dy` is one number, or one per row where `reduction` is 2. */
export function sparseCrossEntropyGradient(
  logits: usize,
  labels: usize,
  weight: usize,
  dy: usize,
  logSumExps: usize,
  totalWeight: usize,
  dx: usize,
  rows: i32,
  classes: i32,
  smoothing: f32,
  ignoreIndex: i32,
  reduction: i32,
): void {
  const stride = <usize>classes << 2
  const spread: f32 = smoothing / <f32>classes
  const classWeights: f32 = smoothing > 0 ? (weight !== 0 ? sumOf(weight, classes) : <f32>classes) : 0
  for (let i = 0; i < rows; i++) {
    const offset = <usize>i << 2
    const label = load<i32>(labels + offset)
    if (label === ignoreIndex) {
      memory.fill(dx, 0, stride)
    } else {
      let d = load<f32>(reduction === MEAN || reduction === SUM ? dy : dy + offset)
      // Weights may all be 0: their rows have gradient 0 then, not 0 / 0.
      if (reduction === MEAN) d /= max(load<f32>(totalWeight), <f32>1e-30)
      if (<u32>label >= <u32>classes) d = NaN
      const hard: f32 = (1 - smoothing) * labelWeight(weight, label, classes)
      const all: f32 = hard + spread * classWeights
      probabilityRow(logits, dx, weight, classes, load<f32>(logSumExps + offset), d * all, d * spread)
      if (<u32>label < <u32>classes) {
        const at = dx + (<usize>label << 2)
        store<f32>(at, load<f32>(at) - d * hard)
      }
    }
    logits += stride
    dx += stride
  }
}

/** Smoothed and weighted target of one class. */
@inline
function softTarget(target: f32, weight: usize, offset: usize, smoothing: f32, spread: f32): f32 {
  const t: f32 = (1 - smoothing) * target + spread
  return weight !== 0 ? t * load<f32>(weight + offset) : t
}

/** Cross-entropy of `logits[rows, classes]` with class probabilities. */
export function softCrossEntropy(
  logits: usize,
  targets: usize,
  weight: usize,
  loss: usize,
  logSumExps: usize,
  rows: i32,
  classes: i32,
  smoothing: f32,
  reduction: i32,
): void {
  const stride = <usize>classes << 2
  const spread: f32 = smoothing / <f32>classes
  let total: f64 = 0
  for (let i = 0; i < rows; i++) {
    const shift = logSumExp(logits, classes)
    store<f32>(logSumExps + (<usize>i << 2), shift)
    let row: f64 = 0
    for (let offset: usize = 0; offset < stride; offset += 4) {
      const t = softTarget(load<f32>(targets + offset), weight, offset, smoothing, spread)
      row += <f64>(t * (shift - load<f32>(logits + offset)))
    }
    if (reduction === MEAN || reduction === SUM) total += row
    else store<f32>(loss + (<usize>i << 2), <f32>row)
    logits += stride
    targets += stride
  }
  if (reduction === MEAN) store<f32>(loss, <f32>(total / <f64>rows))
  if (reduction === SUM) store<f32>(loss, <f32>total)
}

/** The gradient of `softCrossEntropy` with respect to the logits. */
export function softCrossEntropyGradient(
  logits: usize,
  targets: usize,
  weight: usize,
  dy: usize,
  logSumExps: usize,
  dx: usize,
  rows: i32,
  classes: i32,
  smoothing: f32,
  reduction: i32,
): void {
  const stride = <usize>classes << 2
  const spread: f32 = smoothing / <f32>classes
  for (let i = 0; i < rows; i++) {
    let d = load<f32>(reduction === MEAN || reduction === SUM ? dy : dy + (<usize>i << 2))
    if (reduction === MEAN) d /= <f32>rows
    let all: f64 = 0
    for (let offset: usize = 0; offset < stride; offset += 4) {
      all += <f64>softTarget(load<f32>(targets + offset), weight, offset, smoothing, spread)
    }
    const shift = load<f32>(logSumExps + (<usize>i << 2))
    probabilityRow(logits, dx, 0, classes, shift, d * <f32>all, 0)
    for (let offset: usize = 0; offset < stride; offset += 4) {
      const t = softTarget(load<f32>(targets + offset), weight, offset, smoothing, spread)
      store<f32>(dx + offset, load<f32>(dx + offset) - d * t)
    }
    logits += stride
    targets += stride
    dx += stride
  }
}
