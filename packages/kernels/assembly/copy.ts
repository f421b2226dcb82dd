// Copies that read only what they keep.
import { fill } from './lanes'

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

/** A 4 × 4 block, transposed in registers. */
@inline
function transposeBlock(s: usize, d: usize, fromStride: usize, toStride: usize): void {
  const r0 = v128.load(s)
  const r1 = v128.load(s + fromStride)
  const r2 = v128.load(s + fromStride * 2)
  const r3 = v128.load(s + fromStride * 3)
  const t0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5)
  const t1 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7)
  const t2 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5)
  const t3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7)
  v128.store(d, v128.shuffle<i64>(t0, t2, 0, 2))
  v128.store(d + toStride, v128.shuffle<i64>(t0, t2, 1, 3))
  v128.store(d + toStride * 2, v128.shuffle<i64>(t1, t3, 0, 2))
  v128.store(d + toStride * 3, v128.shuffle<i64>(t1, t3, 1, 3))
}

/** Transposes a dense `rows` × `columns` plane of floats, in tiles of 16 × 16 so that both sides keep to few cache lines. */
export function transposePlane(source: usize, out: usize, rows: i32, columns: i32): void {
  const fromStride = <usize>columns << 2
  const toStride = <usize>rows << 2
  for (let i = 0; i < rows; i += 16) {
    const lastRow = min(rows, i + 16)
    for (let j = 0; j < columns; j += 16) {
      const lastColumn = min(columns, j + 16)
      for (let r = i; r < lastRow; r += 4) {
        for (let q = j; q < lastColumn; q += 4) {
          const s = source + <usize>r * fromStride + (<usize>q << 2)
          const d = out + <usize>q * toStride + (<usize>r << 2)
          if (r + 4 <= lastRow && q + 4 <= lastColumn) {
            transposeBlock(s, d, fromStride, toStride)
            continue
          }
          for (let y = 0; y < min(4, lastRow - r); y++) {
            for (let x = 0; x < min(4, lastColumn - q); x++) {
              store<u32>(d + <usize>x * toStride + (<usize>y << 2), load<u32>(s + <usize>y * fromStride + (<usize>x << 2)))
            }
          }
        }
      }
    }
  }
}

/** `outer` planes, one after the other. */
export function transposePlanes(source: usize, out: usize, outer: i32, rows: i32, columns: i32): void {
  for (let n = 0; n < outer; n++) {
    transposePlane(source, out, rows, columns)
    source += <usize>(rows * columns) << 2
    out += <usize>(rows * columns) << 2
  }
}

/** Each of `outer` blocks of `bytes` bytes, `times` times. */
export function repeatBlocks(source: usize, out: usize, outer: i32, bytes: usize, times: i32): void {
  for (let n = 0; n < outer; n++) {
    if (bytes === 4) {
      fill(out, times, load<f32>(source))
      out += <usize>times << 2
    } else {
      for (let i = 0; i < times; i++) {
        memory.copy(out, source, bytes)
        out += bytes
      }
    }
    source += bytes
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
