// Functions of single elements, four at a time; NaN passes through all of them. The loops are one piece of code that is
// compiled once for each function: `kind` is a constant where `map` is inlined.
import { choose, get, put } from './lanes'
import { erf, exp, expMinusOne, log, logOnePlus, sigmoid, softplus, tanh } from './math'
import { gelu, geluAndSlope } from './normal'

const EXP: i32 = 0
const LOG: i32 = 1
const TANH: i32 = 2
const SOFTPLUS: i32 = 3
const ERF: i32 = 4
const GELU: i32 = 5
const GELU_TANH: i32 = 6
const SILU: i32 = 7
const HARD_SWISH: i32 = 8
const RSQRT: i32 = 9
const SQRT: i32 = 10
const LOG1P: i32 = 11
const EXPM1: i32 = 12
const SELU: i32 = 13
const SIGN: i32 = 14
const RECIPROCAL: i32 = 15
const FLOOR: i32 = 16
const CEIL: i32 = 17
const LEAKY_RELU: i32 = 18

/** λ and λα of SELU. */
const SELU_SCALE: f32 = 1.0507009873554805
const SELU_SCALE_ALPHA: f32 = 1.7580993408473768

/** 1 above 0, −1 below, 0 at 0 and at NaN, as in tfjs. */
@inline
function sign(x: v128): v128 {
  const one = f32x4.splat(1)
  const zero = f32x4.splat(0)
  return f32x4.sub(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), one))
}

@inline
function selu(x: v128): v128 {
  const below = f32x4.mul(expMinusOne(x), f32x4.splat(SELU_SCALE_ALPHA))
  return choose(f32x4.ge(x, f32x4.splat(0)), f32x4.mul(x, f32x4.splat(SELU_SCALE)), below)
}

/** 2 √(2/π) and the cubic's coefficient of the approximate GELU. */
const GELU_SCALE: f32 = 1.5957691216
const GELU_CUBIC: f32 = 0.044715
/** Where the approximate GELU is x, and 0: the cubic would overflow further out. */
const GELU_EDGE: f32 = 12

/**
 * `½ (1 + tanh(√(2/π) (x + 0.044715 x³)))` as the sigmoid of twice the argument, which keeps the digits of small gates; x
 * within the edges.
 */
@inline
function geluGate(x: v128): v128 {
  const inner = f32x4.add(f32x4.mul(f32x4.mul(x, x), f32x4.splat(GELU_CUBIC)), f32x4.splat(1))
  return sigmoid(f32x4.mul(f32x4.mul(x, inner), f32x4.splat(GELU_SCALE)))
}

@inline
function geluClamped(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, f32x4.splat(GELU_EDGE)), f32x4.splat(-GELU_EDGE))
}

/** 0 to 6, NaN kept. */
@inline
function clamp6(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, f32x4.splat(6)), f32x4.splat(0))
}

@inline
function value(kind: i32, x: v128, alpha: v128): v128 {
  if (kind === EXP) return exp(x)
  if (kind === LOG) return log(x)
  if (kind === TANH) return tanh(x)
  if (kind === SOFTPLUS) return softplus(x)
  if (kind === ERF) return erf(x)
  if (kind === GELU) return gelu(x)
  if (kind === GELU_TANH) return f32x4.mul(x, geluGate(geluClamped(x)))
  if (kind === SILU) return f32x4.mul(x, sigmoid(x))
  if (kind === HARD_SWISH) {
    return f32x4.mul(f32x4.mul(x, clamp6(f32x4.add(x, f32x4.splat(3)))), f32x4.splat(0.16666667))
  }
  if (kind === RSQRT) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x))
  if (kind === LOG1P) return logOnePlus(x)
  // Above ln 2 nothing cancels, and 2ⁿ − 1 would overflow before eˣ does.
  if (kind === EXPM1) {
    return choose(f32x4.gt(x, f32x4.splat(0.6931)), f32x4.sub(exp(x), f32x4.splat(1)), expMinusOne(x))
  }
  if (kind === SELU) return selu(x)
  if (kind === SIGN) return sign(x)
  if (kind === RECIPROCAL) return f32x4.div(f32x4.splat(1), x)
  if (kind === FLOOR) return f32x4.floor(x)
  if (kind === CEIL) return f32x4.ceil(x)
  if (kind === LEAKY_RELU) return choose(f32x4.lt(x, f32x4.splat(0)), f32x4.mul(x, alpha), x)
  return f32x4.sqrt(x)
}

@inline
function map(kind: i32, x: usize, y: usize, count: i32, alpha: v128): void {
  // A turn of the loop costs as much as such a function: four of them share it.
  if (kind >= SIGN) {
    for (; count >= 16; count -= 16) {
      const a = value(kind, v128.load(x), alpha)
      const b = value(kind, v128.load(x, 16), alpha)
      const c = value(kind, v128.load(x, 32), alpha)
      const d = value(kind, v128.load(x, 48), alpha)
      v128.store(y, a)
      v128.store(y, b, 16)
      v128.store(y, c, 32)
      v128.store(y, d, 48)
      x += 64
      y += 64
    }
  }
  for (; count >= 4; count -= 4) {
    v128.store(y, value(kind, v128.load(x), alpha))
    x += 16
    y += 16
  }
  for (; count > 0; count--) {
    put(y, value(kind, get(x, false), alpha), false)
    x += 4
    y += 4
  }
}

/**
 * `y[count] = f(x)`. y may be x. `alpha` is the slope of a leaky ReLU. (Square, absolute value, negation, ReLU and sigmoid
 * the stock backend does as fast.)
 */
export function unary(kind: i32, x: usize, y: usize, count: i32, alpha: f32): void {
  const a = f32x4.splat(alpha)
  switch (kind) {
    case EXP: return map(EXP, x, y, count, a)
    case LOG: return map(LOG, x, y, count, a)
    case TANH: return map(TANH, x, y, count, a)
    case SOFTPLUS: return map(SOFTPLUS, x, y, count, a)
    case ERF: return map(ERF, x, y, count, a)
    case GELU: return map(GELU, x, y, count, a)
    case GELU_TANH: return map(GELU_TANH, x, y, count, a)
    case SILU: return map(SILU, x, y, count, a)
    case HARD_SWISH: return map(HARD_SWISH, x, y, count, a)
    case RSQRT: return map(RSQRT, x, y, count, a)
    case SQRT: return map(SQRT, x, y, count, a)
    case LOG1P: return map(LOG1P, x, y, count, a)
    case EXPM1: return map(EXPM1, x, y, count, a)
    case SELU: return map(SELU, x, y, count, a)
    case SIGN: return map(SIGN, x, y, count, a)
    case RECIPROCAL: return map(RECIPROCAL, x, y, count, a)
    case FLOOR: return map(FLOOR, x, y, count, a)
    case CEIL: return map(CEIL, x, y, count, a)
    case LEAKY_RELU: return map(LEAKY_RELU, x, y, count, a)
  }
}

/** The activation by tanh, and its slope at `slope`. */
@inline
function geluTanhAndSlope(x: v128, slope: usize, whole: bool): v128 {
  const z = geluClamped(x)
  const gate = geluGate(z)
  const inner = f32x4.add(f32x4.mul(f32x4.mul(z, z), f32x4.splat(3 * GELU_CUBIC)), f32x4.splat(1))
  const rest = f32x4.mul(f32x4.mul(z, f32x4.splat(GELU_SCALE)), f32x4.sub(f32x4.splat(1), gate))
  put(slope, f32x4.mul(gate, f32x4.add(f32x4.mul(rest, inner), f32x4.splat(1))), whole)
  return f32x4.mul(x, gate)
}

@inline
function siluAndSlope(x: v128, slope: usize, whole: bool): v128 {
  const gate = sigmoid(x)
  const rest = f32x4.mul(x, f32x4.sub(f32x4.splat(1), gate))
  put(slope, f32x4.mul(gate, f32x4.add(f32x4.splat(1), rest)), whole)
  return f32x4.mul(x, gate)
}

@inline
function hardSwishAndSlope(x: v128, slope: usize, whole: bool): v128 {
  const between = f32x4.add(f32x4.mul(x, f32x4.splat(0.33333333)), f32x4.splat(0.5))
  const low = choose(f32x4.le(x, f32x4.splat(-3)), f32x4.splat(0), between)
  put(slope, choose(f32x4.ge(x, f32x4.splat(3)), f32x4.splat(1), low), whole)
  return value(HARD_SWISH, x, x)
}

@inline
function valueAndSlope(kind: i32, x: v128, slope: usize, whole: bool): v128 {
  if (kind === GELU) return geluAndSlope(x, slope, whole)
  if (kind === GELU_TANH) return geluTanhAndSlope(x, slope, whole)
  if (kind === SILU) return siluAndSlope(x, slope, whole)
  return hardSwishAndSlope(x, slope, whole)
}

@inline
function mapWithSlope(kind: i32, x: usize, y: usize, slope: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(y, valueAndSlope(kind, v128.load(x), slope, true))
    x += 16
    y += 16
    slope += 16
  }
  for (; count > 0; count--) {
    put(y, valueAndSlope(kind, get(x, false), slope, false), false)
    x += 4
    y += 4
    slope += 4
  }
}

/** `y[count] = f(x)`, and `slope[count] = f'(x)`, which shares most of the work: of the activations that need x. */
export function unaryWithSlope(kind: i32, x: usize, y: usize, slope: usize, count: i32): void {
  switch (kind) {
    case GELU: return mapWithSlope(GELU, x, y, slope, count)
    case GELU_TANH: return mapWithSlope(GELU_TANH, x, y, slope, count)
    case SILU: return mapWithSlope(SILU, x, y, slope, count)
    case HARD_SWISH: return mapWithSlope(HARD_SWISH, x, y, slope, count)
  }
}

const RELU_GRAD: i32 = 0
const LEAKY_RELU_GRAD: i32 = 1
const ELU_GRAD: i32 = 2
const SIGMOID_GRAD: i32 = 3
const TANH_GRAD: i32 = 4
const SOFTPLUS_GRAD: i32 = 5

/** `dy f'`, from the output y. */
@inline
function gradient(kind: i32, dy: v128, s: v128, alpha: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  // Where y is NaN, so is the loss; its gradient passes, as in PyTorch.
  if (kind === RELU_GRAD) return v128.andnot(dy, f32x4.le(s, zero))
  if (kind === LEAKY_RELU_GRAD) return choose(f32x4.gt(s, zero), dy, f32x4.mul(dy, alpha))
  if (kind === ELU_GRAD) return choose(f32x4.gt(s, zero), dy, f32x4.mul(dy, f32x4.add(s, alpha)))
  if (kind === SIGMOID_GRAD) return f32x4.mul(dy, f32x4.mul(s, f32x4.sub(one, s)))
  if (kind === TANH_GRAD) return f32x4.mul(dy, f32x4.sub(one, f32x4.mul(s, s)))
  return f32x4.neg(f32x4.mul(dy, expMinusOne(f32x4.neg(s))))
}

@inline
function mapGradient(kind: i32, dy: usize, s: usize, dx: usize, count: i32, alpha: v128): void {
  // A turn of the loop costs as much as such a gradient: four of them share it.
  if (kind < SOFTPLUS_GRAD) {
    for (; count >= 16; count -= 16) {
      const a = gradient(kind, v128.load(dy), v128.load(s), alpha)
      const b = gradient(kind, v128.load(dy, 16), v128.load(s, 16), alpha)
      const c = gradient(kind, v128.load(dy, 32), v128.load(s, 32), alpha)
      const d = gradient(kind, v128.load(dy, 48), v128.load(s, 48), alpha)
      v128.store(dx, a)
      v128.store(dx, b, 16)
      v128.store(dx, c, 32)
      v128.store(dx, d, 48)
      dy += 64
      s += 64
      dx += 64
    }
  }
  for (; count >= 4; count -= 4) {
    v128.store(dx, gradient(kind, v128.load(dy), v128.load(s), alpha))
    dy += 16
    s += 16
    dx += 16
  }
  for (; count > 0; count--) {
    put(dx, gradient(kind, get(dy, false), get(s, false), alpha), false)
    dy += 4
    s += 4
    dx += 4
  }
}

/** `dx[count] = dy f'` where `s` is the function's output. */
export function unaryGradient(kind: i32, dy: usize, s: usize, dx: usize, count: i32, alpha: f32): void {
  const a = f32x4.splat(alpha)
  switch (kind) {
    case RELU_GRAD: return mapGradient(RELU_GRAD, dy, s, dx, count, a)
    case LEAKY_RELU_GRAD: return mapGradient(LEAKY_RELU_GRAD, dy, s, dx, count, a)
    case ELU_GRAD: return mapGradient(ELU_GRAD, dy, s, dx, count, a)
    case SIGMOID_GRAD: return mapGradient(SIGMOID_GRAD, dy, s, dx, count, a)
    case TANH_GRAD: return mapGradient(TANH_GRAD, dy, s, dx, count, a)
    case SOFTPLUS_GRAD: return mapGradient(SOFTPLUS_GRAD, dy, s, dx, count, a)
  }
}
