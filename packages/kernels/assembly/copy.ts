// Copies that read only what they keep.

/**
 * Copies `outer` × `inner` blocks of `bytes` bytes, densely, from a source in which two outer blocks are `outerStep` and
 * two inner ones `innerStep` bytes apart.
 */
export function copyBlocks(
  source: usize,
  out: usize,
  bytes: usize,
  inner: i32,
  innerStep: usize,
  outer: i32,
  outerStep: usize,
): void {
  for (let i = 0; i < outer; i++) {
    let s = source
    for (let j = 0; j < inner; j++) {
      if (bytes === 4) store<u32>(out, load<u32>(s))
      else memory.copy(out, s, bytes)
      s += innerStep
      out += bytes
    }
    source += outerStep
  }
}

/** Transposes a dense `rows` × `columns` plane of floats, in tiles of 8 × 8 so that both sides keep to few cache lines. */
export function transposePlane(source: usize, out: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i += 8) {
    const lastRow = min(rows, i + 8)
    for (let j = 0; j < columns; j += 8) {
      const lastColumn = min(columns, j + 8)
      for (let r = i; r < lastRow; r++) {
        let s = source + (<usize>(r * columns + j) << 2)
        let d = out + (<usize>(j * rows + r) << 2)
        for (let q = j; q < lastColumn; q++) {
          store<u32>(d, load<u32>(s))
          s += 4
          d += <usize>rows << 2
        }
      }
    }
  }
}

/**
 * Copies the slices `ids[count]` of the middle axis of `source[outer, size, bytes]` to `out[outer, count, bytes]`. Returns
 * the place of the first id outside the axis, before which nothing is written; −1 if there is none.
 */
export function gather(
  source: usize,
  ids: usize,
  out: usize,
  outer: i32,
  size: i32,
  count: i32,
  bytes: usize,
): i32 {
  for (let i = 0; i < count; i++) if (<u32>load<i32>(ids + (<usize>i << 2)) >= <u32>size) return i
  for (let n = 0; n < outer; n++) {
    for (let i = 0; i < count; i++) {
      const from = source + <usize>load<i32>(ids + (<usize>i << 2)) * bytes
      if (bytes === 4) store<u32>(out, load<u32>(from))
      else memory.copy(out, from, bytes)
      out += bytes
    }
    source += <usize>size * bytes
  }
  return -1
}
