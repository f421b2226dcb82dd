// Attention of many heads, a tile of queries at a time: of the scores no more than `TILE` rows exist, in the cache. The
// heads of a position lie side by side, which the matrix product reads in place by its row strides. Backward computes the
// probabilities again from the logarithms of their sums. (Dao et al. 2022, "FlashAttention"; with whole rows of a tile
// there is no need of a running maximum.)
import { rowMaximum } from './cross-entropy'
import { dropout } from './dropout'
import { get, put, sumLanes } from './lanes'
import { exp2Negative, log } from './math'
import { matmul, matmulWorkspace } from './matmul'

/** Rows of scores that exist at a time. */
const TILE: i32 = 64

/** Bytes of workspace that either direction needs. */
export function attentionWorkspace(queries: i32, keys: i32, size: i32, valueSize: i32): i32 {
  const longest = max(max(TILE, keys), max(size, valueSize))
  return matmulWorkspace(longest, longest, longest) + 3 * min(TILE, queries) * keys * 4 + 128
}

/** `row = row × scale + mask`; `mask` 0: none. */
function scaleAndMask(row: usize, mask: usize, count: i32, scale: f32): void {
  const scales = f32x4.splat(scale)
  for (; count >= 4; count -= 4) {
    const scaled = f32x4.mul(v128.load(row), scales)
    v128.store(row, mask !== 0 ? f32x4.add(scaled, v128.load(mask)) : scaled)
    row += 16
    mask = mask !== 0 ? mask + 16 : 0
  }
  for (; count > 0; count--) {
    const scaled = load<f32>(row) * scale
    store<f32>(row, mask !== 0 ? scaled + load<f32>(mask) : scaled)
    row += 4
    mask = mask !== 0 ? mask + 4 : 0
  }
}

/**
 * Brings the scale into the exponential that follows, where that costs nothing, and gives what is left of it: a mask comes
 * between, and under a negative scale the largest score is not that of the largest product.
 */
function prepareScores(row: usize, mask: usize, count: i32, scale: f32): f32 {
  if (mask === 0 && scale >= 0) return scale
  scaleAndMask(row, mask, count, scale)
  return 1
}

const LOG2_E: f32 = 1.44269504

/** Below it a power of two is no normal number: such probabilities are 0. */
const LEAST: f32 = -126

@inline
function exponential(row: usize, factor: v128, shift: v128, whole: bool): v128 {
  const power = f32x4.mul(f32x4.sub(f32x4.mul(get(row, whole), factor), shift), f32x4.splat(LOG2_E))
  const vanishes = f32x4.lt(power, f32x4.splat(LEAST))
  const e = v128.andnot(exp2Negative(f32x4.pmin(power, f32x4.splat(0))), vanishes)
  put(row, e, whole)
  return e
}

/** `row = exp(row × factor − shift)`, none above 1, and its sum. */
function exponentials(row: usize, count: i32, factor: f32, shift: f32): f32 {
  const factors = f32x4.splat(factor)
  const shifts = f32x4.splat(shift)
  let sum = f32x4.splat(0)
  for (; count >= 4; count -= 4) {
    sum = f32x4.add(sum, exponential(row, factors, shifts, true))
    row += 16
  }
  let total = sumLanes(sum)
  for (; count > 0; count--) {
    total += f32x4.extract_lane(exponential(row, factors, shifts, false), 0)
    row += 4
  }
  return total
}

/** `row ×= factor`. */
function scaleRow(row: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor)
  for (; count >= 4; count -= 4) {
    v128.store(row, f32x4.mul(v128.load(row), factors))
    row += 16
  }
  for (; count > 0; count--) {
    store<f32>(row, load<f32>(row) * factor)
    row += 4
  }
}

/** `d = p × (d − shift) × scale`. */
function scoreGradients(p: usize, d: usize, count: i32, shift: f32, scale: f32): void {
  const shifts = f32x4.splat(shift)
  const scales = f32x4.splat(scale)
  for (; count >= 4; count -= 4) {
    v128.store(d, f32x4.mul(f32x4.mul(v128.load(p), f32x4.sub(v128.load(d), shifts)), scales))
    p += 16
    d += 16
  }
  for (; count > 0; count--) {
    store<f32>(d, load<f32>(p) * (load<f32>(d) - shift) * scale)
    p += 4
    d += 4
  }
}

function dotRow(x: usize, y: usize, count: i32): f32 {
  let sum: f32 = 0
  for (; count > 0; count--) {
    sum += load<f32>(x) * load<f32>(y)
    x += 4
    y += 4
  }
  return sum
}

/** How many of `keys` keys query i sees. */
@inline
function visible(i: i32, keys: i32, causal: bool, offset: i32): i32 {
  return causal ? max(0, min(keys, i + offset + 1)) : keys
}

/** Zeros from `from` to `to`. */
@inline
function clear(row: usize, from: i32, to: i32): void {
  if (to > from) memory.fill(row + (<usize>from << 2), 0, <usize>(to - from) << 2)
}

/**
 * `mask` 0: none; it is `maskBatch`, `maskHead`, `maskQuery` floats from one sample, head and query to the next. Dropout
 * at `rate` above 0: the probabilities are a part, which begins at `start0…3`, of a whole of shape `[…, whole1…3]`.
 */
export function attention(
  query: usize,
  key: usize,
  value: usize,
  mask: usize,
  y: usize,
  logSumExp: usize,
  batch: i32,
  heads: i32,
  queries: i32,
  keys: i32,
  size: i32,
  valueSize: i32,
  scale: f32,
  causal: bool,
  offset: i32,
  maskBatch: i32,
  maskHead: i32,
  maskQuery: i32,
  rate: f32,
  keep: f32,
  key0: u32,
  key1: u32,
  whole1: f64,
  whole2: f64,
  whole3: f64,
  start0: f64,
  start1: f64,
  start2: f64,
  start3: f64,
  workspace: usize,
): void {
  const bits = workspace
  const scores = workspace + 64
  const rest = scores + (<usize>(min(TILE, queries) * keys) << 2)
  const wide = heads * size
  const wideValue = heads * valueSize
  for (let pair = 0; pair < batch * heads; pair++) {
    const b = pair / heads
    const h = pair % heads
    const k = key + (<usize>(b * keys * wide + h * size) << 2)
    const v = value + (<usize>(b * keys * wideValue + h * valueSize) << 2)
    for (let first = 0; first < queries; first += TILE) {
      const rows = min(TILE, queries - first)
      const seen = visible(first + rows - 1, keys, causal, offset)
      const q = query + (<usize>((b * queries + first) * wide + h * size) << 2)
      const to = y + (<usize>((b * queries + first) * wideValue + h * valueSize) << 2)
      matmul(false, true, rows, seen, size, q, wide, k, wide, scores, seen, false, rest)
      for (let r = 0; r < rows; r++) {
        const i = first + r
        const row = scores + (<usize>(r * seen) << 2)
        const n = visible(i, seen, causal, offset)
        const m = mask !== 0 ? mask + (<usize>(b * maskBatch + h * maskHead + i * maskQuery) << 2) : 0
        const factor = prepareScores(row, m, n, scale)
        const highest = rowMaximum(row, n)
        let sum: f32 = Infinity
        if (highest !== -Infinity) {
          const total = exponentials(row, n, factor, highest * factor)
          sum = highest * factor + f32x4.extract_lane(log(f32x4.splat(total)), 0)
          scaleRow(row, n, (<f32>1) / total)
          clear(row, n, seen)
          if (rate > 0) {
            const line = ((start0 + <f64>b) * whole1 + start1 + <f64>h) * whole2 + start2 + <f64>i
            dropout(row, row, n, line * whole3 + start3, key0, key1, rate, keep, bits)
          }
        } else {
          clear(row, 0, seen)
        }
        store<f32>(logSumExp + (<usize>(pair * queries + i) << 2), sum)
      }
      matmul(false, false, rows, valueSize, seen, scores, seen, v, wideValue, to, wideValue, false, rest)
    }
  }
}

/** The gradients of `attention` with respect to query, key and value. */
export function attentionGradient(
  query: usize,
  key: usize,
  value: usize,
  mask: usize,
  dy: usize,
  y: usize,
  logSumExp: usize,
  dQuery: usize,
  dKey: usize,
  dValue: usize,
  batch: i32,
  heads: i32,
  queries: i32,
  keys: i32,
  size: i32,
  valueSize: i32,
  scale: f32,
  causal: bool,
  offset: i32,
  maskBatch: i32,
  maskHead: i32,
  maskQuery: i32,
  rate: f32,
  keep: f32,
  key0: u32,
  key1: u32,
  whole1: f64,
  whole2: f64,
  whole3: f64,
  start0: f64,
  start1: f64,
  start2: f64,
  start3: f64,
  workspace: usize,
): void {
  const tile = <usize>(min(TILE, queries) * keys) << 2
  const bits = workspace
  const p = workspace + 64
  const d = p + tile
  const dropped = d + tile
  const rest = dropped + tile
  const wide = heads * size
  const wideValue = heads * valueSize
  memory.fill(dKey, 0, <usize>(batch * keys * wide) << 2)
  memory.fill(dValue, 0, <usize>(batch * keys * wideValue) << 2)
  for (let pair = 0; pair < batch * heads; pair++) {
    const b = pair / heads
    const h = pair % heads
    const ofKey = <usize>(b * keys * wide + h * size) << 2
    const ofValue = <usize>(b * keys * wideValue + h * valueSize) << 2
    for (let first = 0; first < queries; first += TILE) {
      const rows = min(TILE, queries - first)
      const seen = visible(first + rows - 1, keys, causal, offset)
      const ofQuery = <usize>((b * queries + first) * wide + h * size) << 2
      const ofY = <usize>((b * queries + first) * wideValue + h * valueSize) << 2
      matmul(false, true, rows, seen, size, query + ofQuery, wide, key + ofKey, wide, p, seen, false, rest)
      matmul(
        false, true, rows, seen, valueSize, dy + ofY, wideValue, value + ofValue, wideValue, d, seen, false, rest,
      )
      for (let r = 0; r < rows; r++) {
        const i = first + r
        const at = <usize>(r * seen) << 2
        const n = visible(i, seen, causal, offset)
        const m = mask !== 0 ? mask + (<usize>(b * maskBatch + h * maskHead + i * maskQuery) << 2) : 0
        const factor = prepareScores(p + at, m, n, scale)
        exponentials(p + at, n, factor, load<f32>(logSumExp + (<usize>(pair * queries + i) << 2)))
        clear(p + at, n, seen)
        if (rate > 0) {
          const line = ((start0 + <f64>b) * whole1 + start1 + <f64>h) * whole2 + start2 + <f64>i
          const from = line * whole3 + start3
          dropout(p + at, dropped + at, n, from, key0, key1, rate, keep, bits)
          clear(dropped + at, n, seen)
          dropout(d + at, d + at, n, from, key0, key1, rate, keep, bits)
        }
        const ofRow = ofY + (<usize>(r * wideValue) << 2)
        scoreGradients(p + at, d + at, n, dotRow(dy + ofRow, y + ofRow, valueSize), scale)
        clear(d + at, n, seen)
      }
      const weights = rate > 0 ? dropped : p
      matmul(
        true, false, seen, valueSize, rows, weights, seen, dy + ofY, wideValue, dValue + ofValue, wideValue, true, rest,
      )
      matmul(false, false, rows, size, seen, d, seen, key + ofKey, wide, dQuery + ofQuery, wide, false, rest)
      matmul(true, false, seen, size, rows, d, seen, query + ofQuery, wide, dKey + ofKey, wide, true, rest)
    }
  }
}
