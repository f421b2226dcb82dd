// Sums rows by segment: the gradient of every gather and embedding. Rows whose segment is negative, or not below the
// number of segments, are dropped, as in TensorFlow. The order of the additions is the order of the rows.

/** `out[segments, width]`: the sum of the rows of `x[count, width]` by `ids[count]`. */
export function segmentSum(x: usize, ids: usize, out: usize, count: i32, width: i32, segments: i32): void {
  const bytes = <usize>width << 2
  memory.fill(out, 0, <usize>segments * bytes)
  for (let i = 0; i < count; i++) {
    const id = load<i32>(ids + (<usize>i << 2))
    if (<u32>id >= <u32>segments) {
      x += bytes
      continue
    }
    let d = out + <usize>id * bytes
    let j = width
    for (; j >= 4; j -= 4) {
      v128.store(d, f32x4.add(v128.load(d), v128.load(x)))
      d += 16
      x += 16
    }
    for (; j > 0; j--) {
      store<f32>(d, load<f32>(d) + load<f32>(x))
      d += 4
      x += 4
    }
  }
}

/** `segmentSum` on 32-bit integers; overflow wraps. */
export function segmentSumInt(x: usize, ids: usize, out: usize, count: i32, width: i32, segments: i32): void {
  const bytes = <usize>width << 2
  memory.fill(out, 0, <usize>segments * bytes)
  for (let i = 0; i < count; i++) {
    const id = load<i32>(ids + (<usize>i << 2))
    if (<u32>id < <u32>segments) {
      const d = out + <usize>id * bytes
      for (let j = 0; j < width; j++) {
        const offset = <usize>j << 2
        store<i32>(d + offset, load<i32>(d + offset) + load<i32>(x + offset))
      }
    }
    x += bytes
  }
}
