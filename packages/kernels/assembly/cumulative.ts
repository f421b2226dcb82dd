// Sums along an axis that keep every partial sum: x is seen as [outer, count, inner].

/** Along a row: the partial sums of four by two shifted additions, so that a sum waits for one addition per four. */
@inline
function alongRow(x: usize, y: usize, count: i32, exclusive: bool): void {
  const zero = f32x4.splat(0)
  let before = zero
  for (; count >= 4; count -= 4) {
    const v = v128.load(x)
    const pairs = f32x4.add(v, v128.shuffle<i32>(zero, v, 0, 4, 5, 6))
    const sums = f32x4.add(pairs, v128.shuffle<i64>(zero, pairs, 0, 2))
    const inclusive = f32x4.add(before, sums)
    v128.store(y, exclusive ? v128.shuffle<i32>(before, inclusive, 3, 4, 5, 6) : inclusive)
    before = v128.shuffle<i32>(inclusive, inclusive, 3, 3, 3, 3)
    x += 16
    y += 16
  }
  let sum = f32x4.extract_lane(before, 0)
  for (; count > 0; count--) {
    const next = sum + load<f32>(x)
    store<f32>(y, exclusive ? sum : next)
    sum = next
    x += 4
    y += 4
  }
}

/** The same from the end of the row, one by one: what is seldom asked for. */
@inline
function backAlongRow(x: usize, y: usize, count: i32, exclusive: bool): void {
  let sum: f32 = 0
  for (let at = <usize>count << 2; at > 0; ) {
    at -= 4
    const next = sum + load<f32>(x + at)
    store<f32>(y + at, exclusive ? sum : next)
    sum = next
  }
}

/** Across rows of `inner` floats, each of which is added to the sums that were written before it. */
@inline
function acrossRows(x: usize, y: usize, count: i32, inner: i32, exclusive: bool, reverse: bool): void {
  const stride = <usize>inner << 2
  const step = reverse ? -stride : stride
  if (reverse) {
    x += <usize>(count - 1) * stride
    y += <usize>(count - 1) * stride
  }
  if (exclusive) memory.fill(y, 0, stride)
  else memory.copy(y, x, stride)
  for (let n = 1; n < count; n++) {
    const added = exclusive ? x : x + step
    let at: usize = 0
    for (; at + 16 <= stride; at += 16) {
      v128.store(y + step + at, f32x4.add(v128.load(y + at), v128.load(added + at)))
    }
    for (; at < stride; at += 4) {
      store<f32>(y + step + at, load<f32>(y + at) + load<f32>(added + at))
    }
    x += step
    y += step
  }
}

/** `y[outer, count, inner]` = sums along the middle; `exclusive` leaves each element out of its own. */
export function cumulativeSum(
  x: usize, y: usize, outer: i32, count: i32, inner: i32, exclusive: bool, reverse: bool,
): void {
  if (count === 0) return
  for (let n = 0; n < outer; n++) {
    if (inner > 1) acrossRows(x, y, count, inner, exclusive, reverse)
    else if (reverse) backAlongRow(x, y, count, exclusive)
    else alongRow(x, y, count, exclusive)
    x += <usize>(count * inner) << 2
    y += <usize>(count * inner) << 2
  }
}
