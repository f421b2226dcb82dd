// Four floats at a time, and the rest one by one: a step written once with `get` and `put` works on whole vectors, and on
// single floats (in all four lanes, of which the first is kept) where less than a vector is left.

@inline
export function get(address: usize, whole: bool): v128 {
  return whole ? v128.load(address) : v128.load32_splat(address)
}

@inline
export function put(address: usize, value: v128, whole: bool): void {
  if (whole) v128.store(address, value)
  else store<f32>(address, f32x4.extract_lane(value, 0))
}

/** `mask ? a : b`, lane by lane. */
@inline
export function choose(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask)
}

@inline
export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
}

/** `y[count] = value`. */
export function fill(y: usize, count: i32, value: f32): void {
  const values = f32x4.splat(value)
  for (; count >= 4; count -= 4) {
    v128.store(y, values)
    y += 16
  }
  for (; count > 0; count--) {
    store<f32>(y, value)
    y += 4
  }
}

/** `y[count] /= divisor`. */
export function divide(y: usize, count: i32, divisor: f32): void {
  const divisors = f32x4.splat(divisor)
  for (; count >= 4; count -= 4) {
    v128.store(y, f32x4.div(v128.load(y), divisors))
    y += 16
  }
  for (; count > 0; count--) {
    store<f32>(y, load<f32>(y) / divisor)
    y += 4
  }
}
