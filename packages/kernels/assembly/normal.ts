// The normal distribution, for GELU: the tail Φ(−|x|) as the density times a quotient of polynomials (Mills' ratio, fitted to
// a relative error of 5e-9 up to 13.5), so that small tails keep their digits, and one exponential serves both.
import { choose, put } from './lanes'
import { exp2Negative } from './math'
import { multiplyAdd } from './micro-kernel'

/** Where the bell is about 1e-38, and its tail too: further out nothing changes, but products would overflow. */
const EDGE: f32 = 13.15

@inline
function clamped(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, f32x4.splat(EDGE)), f32x4.splat(-EDGE))
}

/** `e^(−x²/2)` within the edges. */
@inline
function bell(x: v128): v128 {
  return exp2Negative(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.72134752)))
}

/** Φ(−a) of a ≥ 0, from its bell. */
@inline
function tail(a: v128, bellOfA: v128): v128 {
  let p = multiplyAdd(f32x4.splat(4.0369811e-3), a, f32x4.splat(4.0097942e-2))
  p = multiplyAdd(p, a, f32x4.splat(0.18164548))
  p = multiplyAdd(p, a, f32x4.splat(0.43614575))
  p = multiplyAdd(p, a, f32x4.splat(0.5))
  let q = multiplyAdd(f32x4.splat(1.0119072e-2), a, f32x4.splat(0.10051785))
  q = multiplyAdd(q, a, f32x4.splat(0.4652743))
  q = multiplyAdd(q, a, f32x4.splat(1.1958947))
  q = multiplyAdd(q, a, f32x4.splat(1.6701765))
  q = multiplyAdd(q, a, f32x4.splat(1))
  return f32x4.mul(bellOfA, f32x4.div(p, q))
}

/** `x Φ(x)`. */
@inline
export function gelu(x: v128): v128 {
  const z = clamped(x)
  const a = f32x4.abs(z)
  return geluFromTail(x, a, tail(a, bell(z)))
}

@inline
function geluFromTail(x: v128, a: v128, t: v128): v128 {
  return f32x4.sub(f32x4.pmax(x, f32x4.splat(0)), f32x4.mul(a, t))
}

/** `x Φ(x)`, and its slope `Φ(x) + x φ(x)` at `slope`. */
@inline
export function geluAndSlope(x: v128, slope: usize, whole: bool): v128 {
  const z = clamped(x)
  const a = f32x4.abs(z)
  const b = bell(z)
  const t = tail(a, b)
  const cumulative = choose(f32x4.lt(z, f32x4.splat(0)), t, f32x4.sub(f32x4.splat(1), t))
  put(slope, multiplyAdd(f32x4.mul(z, f32x4.splat(0.39894228)), b, cumulative), whole)
  return geluFromTail(x, a, t)
}
