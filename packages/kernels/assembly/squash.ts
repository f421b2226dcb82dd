// Sigmoid and tanh for the gates of recurrent layers, of which a step of training computes millions: half the work of
// `math.ts`, with errors of at most 7e-7 of the value within ±8 (2e-6 beyond). NaN stays NaN.
import { choose } from './lanes'
import { exp2Negative } from './math'
import { multiplyAdd } from './micro-kernel'

/** `1 / (1 + e⁻ˣ)`. */
@inline
export function gateSigmoid(x: v128): v128 {
  const e = exp2Negative(f32x4.mul(f32x4.pmin(f32x4.abs(x), f32x4.splat(87)), f32x4.splat(-1.44269504)))
  const one = f32x4.splat(1)
  return f32x4.div(choose(f32x4.lt(x, f32x4.splat(0)), e, one), f32x4.add(one, e))
}

/** A quotient of an odd and an even polynomial, which reaches ±1 at ±7.9; coefficients of the Eigen library. */
@inline
export function gateTanh(x: v128): v128 {
  const z = f32x4.pmax(f32x4.pmin(x, f32x4.splat(7.90531111)), f32x4.splat(-7.90531111))
  const s = f32x4.mul(z, z)
  let p = multiplyAdd(f32x4.splat(-2.76076847742355e-16), s, f32x4.splat(2.00018790482477e-13))
  p = multiplyAdd(p, s, f32x4.splat(-8.60467152213735e-11))
  p = multiplyAdd(p, s, f32x4.splat(5.12229709037114e-8))
  p = multiplyAdd(p, s, f32x4.splat(1.48572235717979e-5))
  p = multiplyAdd(p, s, f32x4.splat(6.37261928875436e-4))
  p = multiplyAdd(p, s, f32x4.splat(4.89352455891786e-3))
  let q = multiplyAdd(f32x4.splat(1.19825839466702e-6), s, f32x4.splat(1.18534705686654e-4))
  q = multiplyAdd(q, s, f32x4.splat(2.268434632439e-3))
  q = multiplyAdd(q, s, f32x4.splat(4.89352518554385e-3))
  return f32x4.div(f32x4.mul(z, p), q)
}

/** `v (1 − v)`, the slope of a sigmoid by its value. */
@inline
export function sigmoidSlope(v: v128): v128 {
  return f32x4.mul(v, f32x4.sub(f32x4.splat(1), v))
}

/** `1 − v²`, the slope of tanh by its value. */
@inline
export function tanhSlope(v: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.mul(v, v))
}
