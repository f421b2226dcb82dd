// Batch normalisation by the statistics of the batch: each column by its mean and variance over the rows. Columns are
// taken in strips of four (all lanes of a vector), a part of the rows at a time, and parts are added up afterwards: that
// bounds the rounding over many rows. Ioffe & Szegedy 2015.
//
// Each direction is made of two parts, which are exported too: between them workers that share a batch add up what they have.
import { divide, get, put } from './lanes'
import { sumAxes } from './sum'

const PART: i32 = 512

/** `y[channels] += Σ (x − mean)²` over rows; without `whole` one column. */
@inline
function squaresOfColumn(x: usize, mean: usize, y: usize, rows: i32, stride: usize, whole: bool): void {
  const m = get(mean, whole)
  let sum = f32x4.splat(0)
  for (let i = 0; i < rows; i++) {
    const d = f32x4.sub(get(x, whole), m)
    sum = f32x4.add(sum, f32x4.mul(d, d))
    x += stride
  }
  put(y, f32x4.add(get(y, whole), sum), whole)
}

/** `y += Σ dy` and `weighted += Σ dy × (x − mean)` over rows; without `whole` one column. */
@inline
function gradientSumsOfColumn(
  dy: usize, x: usize, mean: usize, plain: usize, weighted: usize, rows: i32, stride: usize, whole: bool,
): void {
  const m = get(mean, whole)
  let sum = f32x4.splat(0)
  let product = f32x4.splat(0)
  for (let i = 0; i < rows; i++) {
    const g = get(dy, whole)
    sum = f32x4.add(sum, g)
    product = f32x4.add(product, f32x4.mul(g, f32x4.sub(get(x, whole), m)))
    dy += stride
    x += stride
  }
  put(plain, f32x4.add(get(plain, whole), sum), whole)
  put(weighted, f32x4.add(get(weighted, whole), product), whole)
}

/** Mean and biased variance of every column. */
export function batchNormStatistics(x: usize, mean: usize, variance: usize, rows: i32, channels: i32): void {
  const stride = <usize>channels << 2
  sumAxes(x, mean, 1, rows, channels, variance)
  divide(mean, channels, <f32>rows)
  memory.fill(variance, 0, stride)
  for (let from = 0; from < rows; from += PART) {
    const count = min(PART, rows - from)
    const part = x + <usize>from * stride
    let j = 0
    for (; j + 4 <= channels; j += 4) {
      const at = <usize>j << 2
      squaresOfColumn(part + at, mean + at, variance + at, count, stride, true)
    }
    for (; j < channels; j++) {
      const at = <usize>j << 2
      squaresOfColumn(part + at, mean + at, variance + at, count, stride, false)
    }
  }
  divide(variance, channels, <f32>rows)
}

/** `y = (x − shift) × scale + beta`, with one shift, scale and beta (address 0: none) per column. */
function affine(x: usize, shift: usize, scale: usize, beta: usize, y: usize, rows: i32, channels: i32): void {
  const vectors = <usize>(channels & ~3) << 2
  const end = <usize>channels << 2
  for (let i = 0; i < rows; i++) {
    let at: usize = 0
    for (; at < vectors; at += 16) {
      let v = f32x4.mul(f32x4.sub(v128.load(x + at), v128.load(shift + at)), v128.load(scale + at))
      if (beta !== 0) v = f32x4.add(v, v128.load(beta + at))
      v128.store(y + at, v)
    }
    for (; at < end; at += 4) {
      let v = (load<f32>(x + at) - load<f32>(shift + at)) * load<f32>(scale + at)
      if (beta !== 0) v += load<f32>(beta + at)
      store<f32>(y + at, v)
    }
    x += end
    y += end
  }
}

/** `y = (x − mean) / √(variance + epsilon) × gamma + beta`; `workspace` has room for `channels` floats. */
export function batchNormApply(
  x: usize,
  mean: usize,
  variance: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  rows: i32,
  channels: i32,
  epsilon: f32,
  workspace: usize,
): void {
  for (let at: usize = 0; at < <usize>channels << 2; at += 4) {
    const inverse: f32 = (<f32>1) / sqrt<f32>(load<f32>(variance + at) + epsilon)
    store<f32>(workspace + at, gamma !== 0 ? inverse * load<f32>(gamma + at) : inverse)
  }
  affine(x, mean, workspace, beta, y, rows, channels)
}

/** Both: by the statistics of x itself, which it writes. */
export function batchNorm(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  mean: usize,
  variance: usize,
  rows: i32,
  channels: i32,
  epsilon: f32,
  workspace: usize,
): void {
  batchNormStatistics(x, mean, variance, rows, channels)
  batchNormApply(x, mean, variance, gamma, beta, y, rows, channels, epsilon, workspace)
}

@inline
function inputGradientStep(
  at: usize, dy: usize, x: usize, dx: usize, mean: usize, meanDy: usize, slope: usize, scale: usize, whole: bool,
): void {
  const centered = f32x4.sub(get(dy + at, whole), get(meanDy + at, whole))
  const along = f32x4.mul(f32x4.sub(get(x + at, whole), get(mean + at, whole)), get(slope + at, whole))
  put(dx + at, f32x4.mul(f32x4.sub(centered, along), get(scale + at, whole)), whole)
}

/** `plain = Σ dy` and `weighted = Σ dy × (x − mean) / √(variance + epsilon)`, of every column. */
export function batchNormSums(
  dy: usize,
  x: usize,
  mean: usize,
  variance: usize,
  plain: usize,
  weighted: usize,
  rows: i32,
  channels: i32,
  epsilon: f32,
): void {
  const stride = <usize>channels << 2
  const vectors = <usize>(channels & ~3) << 2
  memory.fill(weighted, 0, stride)
  memory.fill(plain, 0, stride)
  for (let from = 0; from < rows; from += PART) {
    const count = min(PART, rows - from)
    const offset = <usize>from * stride
    let at: usize = 0
    for (; at < vectors; at += 16) {
      const here = offset + at
      gradientSumsOfColumn(dy + here, x + here, mean + at, plain + at, weighted + at, count, stride, true)
    }
    for (; at < stride; at += 4) {
      const here = offset + at
      gradientSumsOfColumn(dy + here, x + here, mean + at, plain + at, weighted + at, count, stride, false)
    }
  }
  for (let at: usize = 0; at < stride; at += 4) {
    const inverse: f32 = (<f32>1) / sqrt<f32>(load<f32>(variance + at) + epsilon)
    store<f32>(weighted + at, load<f32>(weighted + at) * inverse)
  }
}

/**
 * Gradient of x, given the sums over all `count` rows that the statistics are of; here are `rows` of them. `workspace` has room
 * for 3 × `channels` floats.
 */
export function batchNormInputGradient(
  dy: usize,
  x: usize,
  mean: usize,
  variance: usize,
  gamma: usize,
  plain: usize,
  weighted: usize,
  dx: usize,
  rows: i32,
  channels: i32,
  count: f32,
  epsilon: f32,
  workspace: usize,
): void {
  const stride = <usize>channels << 2
  const vectors = <usize>(channels & ~3) << 2
  const meanDy = workspace
  const slope = workspace + stride
  const scale = slope + stride
  for (let at: usize = 0; at < stride; at += 4) {
    const inverse: f32 = (<f32>1) / sqrt<f32>(load<f32>(variance + at) + epsilon)
    store<f32>(meanDy + at, load<f32>(plain + at) / count)
    store<f32>(slope + at, (load<f32>(weighted + at) / count) * inverse)
    store<f32>(scale + at, gamma !== 0 ? inverse * load<f32>(gamma + at) : inverse)
  }
  for (let i = 0; i < rows; i++) {
    let at: usize = 0
    for (; at < vectors; at += 16) inputGradientStep(at, dy, x, dx, mean, meanDy, slope, scale, true)
    for (; at < stride; at += 4) inputGradientStep(at, dy, x, dx, mean, meanDy, slope, scale, false)
    dy += stride
    x += stride
    dx += stride
  }
}

/** Gradients of `batchNorm`: `dgamma`, `dbeta` are always written; `workspace` has room for 3 × `channels` floats. */
export function batchNormGradient(
  dy: usize,
  x: usize,
  mean: usize,
  variance: usize,
  gamma: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  rows: i32,
  channels: i32,
  epsilon: f32,
  workspace: usize,
): void {
  batchNormSums(dy, x, mean, variance, dbeta, dgamma, rows, channels, epsilon)
  const count = <f32>rows
  batchNormInputGradient(dy, x, mean, variance, gamma, dbeta, dgamma, dx, rows, channels, count, epsilon, workspace)
}
