// complex64 tensors lie interleaved on the heap (real, imaginary, real, …), which is also how tfjs hands them to the host.

/** Weaves `count` real and imaginary parts together. */
export function interleave(real: usize, imaginary: usize, out: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    store<f32>(out, load<f32>(real))
    store<f32>(out, load<f32>(imaginary), 4)
    real += 4
    imaginary += 4
    out += 8
  }
}

/** Copies one part of each of `count` complex numbers; `part` is 0 for the real ones, 1 for the imaginary ones. */
export function deinterleave(x: usize, out: usize, count: i32, part: i32): void {
  x += <usize>part << 2
  for (let i = 0; i < count; i++) {
    store<f32>(out, load<f32>(x))
    x += 8
    out += 4
  }
}

/** Absolute values, computed in float64 so that neither large nor small parts overflow when squared. */
export function absComplex(x: usize, out: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const real = <f64>load<f32>(x)
    const imaginary = <f64>load<f32>(x, 4)
    store<f32>(out, <f32>sqrt(real * real + imaginary * imaginary))
    x += 8
    out += 4
  }
}
