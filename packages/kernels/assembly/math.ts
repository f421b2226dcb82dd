// Transcendental functions on four floats, within a few units in the last place of the true value: reduction to a small
// interval and a polynomial, with the coefficients of Moshier's Cephes library (expf, logf, erff) and of Eigen (erf). NaN
// stays NaN: `pmin(x, bound)` and `pmax(x, bound)` return x where the comparison fails, in one instruction.
import { choose } from './lanes'
import { multiplyAdd } from './micro-kernel'

/** 1.5 × 2²³: adding it rounds to a whole number, which then stands in the low bits. */
const ROUND: f32 = 12582912

/** `exp(r) − 1 − r` over `r²` for |r| ≤ ln 2 / 2. */
@inline
function exponentialTail(r: v128): v128 {
  let p = multiplyAdd(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3))
  p = multiplyAdd(p, r, f32x4.splat(8.3334519073e-3))
  p = multiplyAdd(p, r, f32x4.splat(4.1665795894e-2))
  p = multiplyAdd(p, r, f32x4.splat(1.6666665459e-1))
  return multiplyAdd(p, r, f32x4.splat(5.0000001201e-1))
}

/** `x − n ln 2`, with ln 2 in two parts so that the product is exact. */
@inline
function reduced(x: v128, n: v128): v128 {
  const r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)))
  return f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)))
}

/** `eˣ`: ∞ above 88.72, denormal below −87.3, 0 below −103.97. */
@inline
export function exp(x: v128): v128 {
  const bounded = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89)), f32x4.splat(-104))
  const t = multiplyAdd(bounded, f32x4.splat(1.44269504), f32x4.splat(ROUND))
  const n = f32x4.sub(t, f32x4.splat(ROUND))
  const r = reduced(bounded, n)
  const p = f32x4.add(multiplyAdd(exponentialTail(r), f32x4.mul(r, r), r), f32x4.splat(1))
  // In two steps, since 2ⁿ itself may overflow or be denormal.
  const power = i32x4.sub(t, f32x4.splat(ROUND))
  const half = i32x4.shr_s(power, 1)
  const bias = i32x4.splat(127)
  const first = i32x4.shl(i32x4.add(half, bias), 23)
  const second = i32x4.shl(i32x4.add(i32x4.sub(power, half), bias), 23)
  return f32x4.mul(f32x4.mul(p, first), second)
}

/**
 * `2ˣ` for −126 ≤ x ≤ 0, at half the work of `exp`: the whole part by the exponent's bits, the rest by a minimax polynomial,
 * within one unit in the last place.
 */
@inline
export function exp2Negative(x: v128): v128 {
  const rounded = f32x4.add(x, f32x4.splat(ROUND))
  const rest = f32x4.sub(x, f32x4.sub(rounded, f32x4.splat(ROUND)))
  let p = multiplyAdd(f32x4.splat(1.5353361959569156e-4), rest, f32x4.splat(1.3398875016719103e-3))
  p = multiplyAdd(p, rest, f32x4.splat(9.61843691766262e-3))
  p = multiplyAdd(p, rest, f32x4.splat(5.5503323674201965e-2))
  p = multiplyAdd(p, rest, f32x4.splat(0.24022647738456726))
  p = multiplyAdd(p, rest, f32x4.splat(0.6931471824645996))
  p = multiplyAdd(p, rest, f32x4.splat(1))
  return i32x4.add(p, i32x4.shl(rounded, 23))
}

/** `eˣ − 1` without cancellation, for x ≤ 0. */
@inline
export function expMinusOne(x: v128): v128 {
  const bounded = f32x4.pmax(x, f32x4.splat(-80))
  const t = multiplyAdd(bounded, f32x4.splat(1.44269504), f32x4.splat(ROUND))
  const n = f32x4.sub(t, f32x4.splat(ROUND))
  const r = reduced(bounded, n)
  const p = multiplyAdd(exponentialTail(r), f32x4.mul(r, r), r)
  const power = i32x4.shl(i32x4.add(i32x4.sub(t, f32x4.splat(ROUND)), i32x4.splat(127)), 23)
  return f32x4.add(f32x4.mul(p, power), f32x4.sub(power, f32x4.splat(1)))
}

/** Natural logarithm of positive, finite, normal numbers. */
@inline
function logNormal(x: v128, extraExponent: v128): v128 {
  // The exponent of the power of two that brings x into [√½, √2).
  const exponent = i32x4.shr_s(i32x4.sub(x, i32x4.splat(0x3f3504f3)), 23)
  const m = f32x4.sub(i32x4.sub(x, i32x4.shl(exponent, 23)), f32x4.splat(1))
  const e = f32x4.add(f32x4.convert_i32x4_s(exponent), extraExponent)
  let p = multiplyAdd(f32x4.splat(7.0376836292e-2), m, f32x4.splat(-1.1514610310e-1))
  p = multiplyAdd(p, m, f32x4.splat(1.1676998740e-1))
  p = multiplyAdd(p, m, f32x4.splat(-1.2420140846e-1))
  p = multiplyAdd(p, m, f32x4.splat(1.4249322787e-1))
  p = multiplyAdd(p, m, f32x4.splat(-1.6668057665e-1))
  p = multiplyAdd(p, m, f32x4.splat(2.0000714765e-1))
  p = multiplyAdd(p, m, f32x4.splat(-2.4999993993e-1))
  p = multiplyAdd(p, m, f32x4.splat(3.3333331174e-1))
  const square = f32x4.mul(m, m)
  let y = f32x4.mul(f32x4.mul(p, m), square)
  y = multiplyAdd(e, f32x4.splat(-2.12194440e-4), y)
  y = multiplyAdd(square, f32x4.splat(-0.5), y)
  return multiplyAdd(e, f32x4.splat(0.693359375), f32x4.add(m, y))
}

/** `ln x`: −∞ at 0, NaN below. */
@inline
export function log(x: v128): v128 {
  const denormal = f32x4.lt(x, f32x4.splat(1.17549435e-38))
  const scaled = choose(denormal, f32x4.mul(x, f32x4.splat(8388608)), x)
  let y = logNormal(scaled, v128.and(denormal, f32x4.splat(-23)))
  y = choose(f32x4.eq(x, f32x4.splat(Infinity)), x, y)
  y = choose(f32x4.eq(x, f32x4.splat(0)), f32x4.splat(-Infinity), y)
  return choose(f32x4.ge(x, f32x4.splat(0)), y, f32x4.splat(NaN))
}

/** `ln(1 + x)` without cancellation: what rounding the sum lost is added to its logarithm, relative to it. */
@inline
export function logOnePlus(x: v128): v128 {
  const w = f32x4.add(f32x4.splat(1), x)
  const lost = f32x4.div(f32x4.sub(x, f32x4.sub(w, f32x4.splat(1))), w)
  // Neither at −1 nor at ∞ is there anything to lose.
  const finite = f32x4.lt(f32x4.abs(f32x4.sub(w, f32x4.splat(1))), f32x4.splat(Infinity))
  return f32x4.add(log(w), v128.and(lost, v128.and(finite, f32x4.gt(w, f32x4.splat(0)))))
}

/** `ln(1 + eˣ)` without overflow or cancellation. */
@inline
export function softplus(x: v128): v128 {
  const u = exp(f32x4.neg(f32x4.abs(x)))
  const w = f32x4.add(f32x4.splat(1), u)
  // What rounding 1 + u lost, relative to it.
  const lost = f32x4.div(f32x4.sub(u, f32x4.sub(w, f32x4.splat(1))), w)
  const tail = f32x4.add(logNormal(w, f32x4.splat(0)), lost)
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), tail)
}

/** `1 / (1 + e⁻ˣ)`. */
@inline
export function sigmoid(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)))
  const one = f32x4.splat(1)
  return f32x4.div(choose(f32x4.lt(x, f32x4.splat(0)), e, one), f32x4.add(one, e))
}

@inline
export function tanh(x: v128): v128 {
  const t = expMinusOne(f32x4.mul(f32x4.abs(x), f32x4.splat(-2)))
  const y = f32x4.div(t, f32x4.add(t, f32x4.splat(2)))
  // The quotient is never positive; the sign of x takes its place.
  return choose(i32x4.splat(0x7fffffff), f32x4.neg(y), x)
}

/**
 * The error function: a polynomial below 1, a quotient of polynomials above, which reaches 1 at 4 (and whose relative
 * error near 0 would be 2e-6).
 */
@inline
export function erf(x: v128): v128 {
  const z = f32x4.pmax(f32x4.pmin(x, f32x4.splat(4)), f32x4.splat(-4))
  const s = f32x4.mul(z, z)
  let p = multiplyAdd(f32x4.splat(-2.72614225801306e-10), s, f32x4.splat(2.77068142495902e-8))
  p = multiplyAdd(p, s, f32x4.splat(-2.10102402082508e-6))
  p = multiplyAdd(p, s, f32x4.splat(-5.69250639462346e-5))
  p = multiplyAdd(p, s, f32x4.splat(-7.34990630326855e-4))
  p = multiplyAdd(p, s, f32x4.splat(-2.95459980854025e-3))
  p = multiplyAdd(p, s, f32x4.splat(-1.60960333262415e-2))
  let q = multiplyAdd(f32x4.splat(-1.45660718464996e-5), s, f32x4.splat(-2.13374055278905e-4))
  q = multiplyAdd(q, s, f32x4.splat(-1.68282697438203e-3))
  q = multiplyAdd(q, s, f32x4.splat(-7.37332916720468e-3))
  q = multiplyAdd(q, s, f32x4.splat(-1.42647390514189e-2))
  let t = multiplyAdd(f32x4.splat(7.853861353153693e-5), s, f32x4.splat(-8.010193625184903e-4))
  t = multiplyAdd(t, s, f32x4.splat(5.188327685732524e-3))
  t = multiplyAdd(t, s, f32x4.splat(-2.685381193529856e-2))
  t = multiplyAdd(t, s, f32x4.splat(1.128358514861418e-1))
  t = multiplyAdd(t, s, f32x4.splat(-3.7612625824233e-1))
  t = multiplyAdd(t, s, f32x4.splat(1.12837916572671))
  return choose(f32x4.lt(s, f32x4.splat(1)), f32x4.mul(z, t), f32x4.div(f32x4.mul(z, p), q))
}
