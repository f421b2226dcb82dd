// Clipping that keeps NaN: a training that has gone wrong must not look as if it had not.

/** `y[count] = min(max(x, low), high)`; NaN stays NaN. */
export function clip(x: usize, y: usize, count: i32, low: f32, high: f32): void {
  const lows = f32x4.splat(low)
  const highs = f32x4.splat(high)
  for (; count >= 4; count -= 4) {
    v128.store(y, f32x4.min(f32x4.max(v128.load(x), lows), highs))
    x += 16
    y += 16
  }
  for (; count > 0; count--) {
    store<f32>(y, min<f32>(max<f32>(load<f32>(x), low), high))
    x += 4
    y += 4
  }
}
