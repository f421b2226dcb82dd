// Optimizer updates in place, one parameter per call and in one pass over its memory, which bounds them: every further
// pass would double the time. Each operation is rounded alone, in the order of the composed updates of @levin/ops, so
// that the results are equal to the last bit.
import { get, put } from './lanes'

/** What every update does to a gradient first: scale, clip (0: not), negate (`sign` holds the bit). NaN stays NaN. */
@inline
function prepare(gradient: v128, scale: v128, bound: f32, sign: v128): v128 {
  let g = f32x4.mul(gradient, scale)
  if (bound > 0) g = f32x4.pmax(f32x4.pmin(g, f32x4.splat(bound)), f32x4.splat(-bound))
  return v128.xor(g, sign)
}

@inline
function scaleOf(scale: f32, scaleTensor: usize): v128 {
  return f32x4.splat(scaleTensor !== 0 ? scale * load<f32>(scaleTensor) : scale)
}

@inline
function signOf(maximize: bool): v128 {
  return i32x4.splat(maximize ? <i32>0x80000000 : 0)
}

/** `g + weightDecay × p`. */
@inline
function decayed(g: v128, p: v128, weightDecay: f32): v128 {
  return weightDecay !== 0 ? f32x4.add(g, f32x4.mul(p, f32x4.splat(weightDecay))) : g
}

@inline
function sgdStep(
  at: usize,
  parameter: usize,
  gradient: usize,
  buffer: usize,
  scale: v128,
  bound: f32,
  sign: v128,
  learningRate: f32,
  momentum: f32,
  kept: f32,
  weightDecay: f32,
  nesterov: bool,
  firstStep: bool,
  whole: bool,
): void {
  const p = get(parameter + at, whole)
  let g = decayed(prepare(get(gradient + at, whole), scale, bound, sign), p, weightDecay)
  if (buffer !== 0) {
    let b = g
    if (!firstStep) {
      const before = f32x4.mul(get(buffer + at, whole), f32x4.splat(momentum))
      b = f32x4.add(before, f32x4.mul(g, f32x4.splat(kept)))
    }
    put(buffer + at, b, whole)
    g = nesterov ? f32x4.add(g, f32x4.mul(b, f32x4.splat(momentum))) : b
  }
  put(parameter + at, f32x4.sub(p, f32x4.mul(g, f32x4.splat(learningRate))), whole)
}

/** SGD; `buffer` 0: without momentum; `kept` is 1 − dampening; `scaleTensor` 0: none. */
export function sgdUpdate(
  parameter: usize,
  gradient: usize,
  buffer: usize,
  count: i32,
  scale: f32,
  scaleTensor: usize,
  bound: f32,
  maximize: bool,
  learningRate: f32,
  momentum: f32,
  kept: f32,
  weightDecay: f32,
  nesterov: bool,
  firstStep: bool,
): void {
  const scales = scaleOf(scale, scaleTensor)
  const sign = signOf(maximize)
  const vectors = <usize>(count & ~3) << 2
  const end = <usize>count << 2
  let at: usize = 0
  for (; at < vectors; at += 16) {
    sgdStep(
      at, parameter, gradient, buffer, scales, bound, sign, learningRate, momentum, kept, weightDecay, nesterov,
      firstStep, true,
    )
  }
  for (; at < end; at += 4) {
    sgdStep(
      at, parameter, gradient, buffer, scales, bound, sign, learningRate, momentum, kept, weightDecay, nesterov,
      firstStep, false,
    )
  }
}

@inline
function adamStep(
  at: usize,
  parameter: usize,
  gradient: usize,
  first: usize,
  second: usize,
  largest: usize,
  scale: v128,
  bound: f32,
  sign: v128,
  rest1: v128,
  beta2: v128,
  rest2: v128,
  epsilon: v128,
  weightDecay: f32,
  parameterDecay: v128,
  stepSize: v128,
  correction: v128,
  whole: bool,
): void {
  const p = get(parameter + at, whole)
  const g = decayed(prepare(get(gradient + at, whole), scale, bound, sign), p, weightDecay)
  let m = get(first + at, whole)
  m = f32x4.add(m, f32x4.mul(f32x4.sub(g, m), rest1))
  put(first + at, m, whole)
  let v = f32x4.add(f32x4.mul(get(second + at, whole), beta2), f32x4.mul(f32x4.mul(g, g), rest2))
  put(second + at, v, whole)
  if (largest !== 0) {
    v = f32x4.max(get(largest + at, whole), v)
    put(largest + at, v, whole)
  }
  const denominator = f32x4.add(f32x4.div(f32x4.sqrt(v), correction), epsilon)
  const change = f32x4.mul(f32x4.div(m, denominator), stepSize)
  put(parameter + at, f32x4.sub(f32x4.mul(p, parameterDecay), change), whole)
}

/** Adam and AdamW; `largest` 0: without amsgrad; `rest1`, `rest2` are 1 − beta; `correction` is √(1 − beta2ᵗ). */
export function adamUpdate(
  parameter: usize,
  gradient: usize,
  first: usize,
  second: usize,
  largest: usize,
  count: i32,
  scale: f32,
  scaleTensor: usize,
  bound: f32,
  maximize: bool,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  epsilon: f32,
  weightDecay: f32,
  parameterDecay: f32,
  stepSize: f32,
  correction: f32,
): void {
  const scales = scaleOf(scale, scaleTensor)
  const sign = signOf(maximize)
  const rests1 = f32x4.splat(rest1)
  const betas2 = f32x4.splat(beta2)
  const rests2 = f32x4.splat(rest2)
  const epsilons = f32x4.splat(epsilon)
  const decays = f32x4.splat(parameterDecay)
  const steps = f32x4.splat(stepSize)
  const corrections = f32x4.splat(correction)
  const vectors = <usize>(count & ~3) << 2
  const end = <usize>count << 2
  let at: usize = 0
  for (; at < vectors; at += 16) {
    adamStep(
      at, parameter, gradient, first, second, largest, scales, bound, sign, rests1, betas2, rests2, epsilons,
      weightDecay, decays, steps, corrections, true,
    )
  }
  for (; at < end; at += 4) {
    adamStep(
      at, parameter, gradient, first, second, largest, scales, bound, sign, rests1, betas2, rests2, epsilons,
      weightDecay, decays, steps, corrections, false,
    )
  }
}

@inline
function rmspropStep(
  at: usize,
  parameter: usize,
  gradient: usize,
  squares: usize,
  means: usize,
  buffer: usize,
  scale: v128,
  bound: f32,
  sign: v128,
  learningRate: f32,
  alpha: f32,
  rest: f32,
  epsilon: f32,
  weightDecay: f32,
  momentum: f32,
  whole: bool,
): void {
  const p = get(parameter + at, whole)
  const g = decayed(prepare(get(gradient + at, whole), scale, bound, sign), p, weightDecay)
  const before = f32x4.mul(get(squares + at, whole), f32x4.splat(alpha))
  let s = f32x4.add(before, f32x4.mul(f32x4.mul(g, g), f32x4.splat(rest)))
  put(squares + at, s, whole)
  if (means !== 0) {
    let a = get(means + at, whole)
    a = f32x4.add(a, f32x4.mul(f32x4.sub(g, a), f32x4.splat(rest)))
    put(means + at, a, whole)
    s = f32x4.sub(s, f32x4.mul(a, a))
  }
  let u = f32x4.div(g, f32x4.add(f32x4.sqrt(s), f32x4.splat(epsilon)))
  if (buffer !== 0) {
    u = f32x4.add(f32x4.mul(get(buffer + at, whole), f32x4.splat(momentum)), u)
    put(buffer + at, u, whole)
  }
  put(parameter + at, f32x4.sub(p, f32x4.mul(u, f32x4.splat(learningRate))), whole)
}

/** RMSprop; `means` 0: not centered; `buffer` 0: without momentum; `rest` is 1 − alpha. */
export function rmspropUpdate(
  parameter: usize,
  gradient: usize,
  squares: usize,
  means: usize,
  buffer: usize,
  count: i32,
  scale: f32,
  scaleTensor: usize,
  bound: f32,
  maximize: bool,
  learningRate: f32,
  alpha: f32,
  rest: f32,
  epsilon: f32,
  weightDecay: f32,
  momentum: f32,
): void {
  const scales = scaleOf(scale, scaleTensor)
  const sign = signOf(maximize)
  const vectors = <usize>(count & ~3) << 2
  const end = <usize>count << 2
  let at: usize = 0
  for (; at < vectors; at += 16) {
    rmspropStep(
      at, parameter, gradient, squares, means, buffer, scales, bound, sign, learningRate, alpha, rest, epsilon,
      weightDecay, momentum, true,
    )
  }
  for (; at < end; at += 4) {
    rmspropStep(
      at, parameter, gradient, squares, means, buffer, scales, bound, sign, learningRate, alpha, rest, epsilon,
      weightDecay, momentum, false,
    )
  }
}

/** `target += weight × gradient`; `weightTensor` (0: none) is a further factor. */
export function accumulate(target: usize, gradient: usize, count: i32, weight: f32, weightTensor: usize): void {
  const weights = scaleOf(weight, weightTensor)
  for (; count >= 4; count -= 4) {
    v128.store(target, f32x4.add(v128.load(target), f32x4.mul(v128.load(gradient), weights)))
    target += 16
    gradient += 16
  }
  for (; count > 0; count--) {
    store<f32>(target, load<f32>(target) + load<f32>(gradient) * f32x4.extract_lane(weights, 0))
    target += 4
    gradient += 4
  }
}

/** Σ x² in float64: squares of large gradients must not overflow on the way to a sum that does not. */
export function squaredNorm(x: usize, count: i32): f64 {
  let s0 = f64x2.splat(0)
  let s1 = f64x2.splat(0)
  for (; count >= 4; count -= 4) {
    const v = v128.load(x)
    const low = f64x2.promote_low_f32x4(v)
    const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0))
    s0 = f64x2.add(s0, f64x2.mul(low, low))
    s1 = f64x2.add(s1, f64x2.mul(high, high))
    x += 16
  }
  const s = f64x2.add(s0, s1)
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)
  for (; count > 0; count--) {
    const value = <f64>load<f32>(x)
    sum += value * value
    x += 4
  }
  return sum
}
