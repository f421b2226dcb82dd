// Transposes of planes: what a permutation of axes comes to where the last axis does not stay last.
//
// A plane of which one side is a power of two long maps all elements of a column to a few sets of the cache, and a tile
// that is kept there until its lines are full is thrown out before they are. So a tile of 16 × 16 goes through a kilobyte
// of scratch memory: its lines are read whole, turned in registers, and written whole. (512 × 512: 39 µs; 131 without.)

/** A 4 × 4 block, transposed in registers. */
@inline
function transposeBlock(s: usize, d: usize, from: usize, to: usize): void {
  const r0 = v128.load(s)
  const r1 = v128.load(s + from)
  const r2 = v128.load(s + from * 2)
  const r3 = v128.load(s + from * 3)
  const t0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5)
  const t1 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7)
  const t2 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5)
  const t3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7)
  v128.store(d, v128.shuffle<i64>(t0, t2, 0, 2))
  v128.store(d + to, v128.shuffle<i64>(t0, t2, 1, 3))
  v128.store(d + to * 2, v128.shuffle<i64>(t1, t3, 0, 2))
  v128.store(d + to * 3, v128.shuffle<i64>(t1, t3, 1, 3))
}

/** 16 × 16 elements of four bytes by way of `scratch`. */
function transposeTile(s: usize, d: usize, from: usize, to: usize, scratch: usize): void {
  let column = scratch
  for (let r = 0; r < 4; r++) {
    transposeBlock(s, column, from, 64)
    transposeBlock(s + 16, column + 256, from, 64)
    transposeBlock(s + 32, column + 512, from, 64)
    transposeBlock(s + 48, column + 768, from, 64)
    s += from * 4
    column += 16
  }
  for (let q = 0; q < 16; q++) {
    const a = v128.load(scratch)
    const b = v128.load(scratch, 16)
    const c = v128.load(scratch, 32)
    const e = v128.load(scratch, 48)
    v128.store(d, a)
    v128.store(d, b, 16)
    v128.store(d, c, 32)
    v128.store(d, e, 48)
    scratch += 64
    d += to
  }
}

/** `rows` × `columns` elements of four bytes, both at most a few: blocks of 4 × 4, and the rest one by one. */
function transposeRest(s: usize, d: usize, rows: i32, columns: i32, from: usize, to: usize): void {
  let r = 0
  for (; r + 4 <= rows; r += 4) {
    let q = 0
    for (; q + 4 <= columns; q += 4) transposeBlock(s + (<usize>q << 2), d + <usize>q * to, from, to)
    for (; q < columns; q++) {
      const source = s + (<usize>q << 2)
      let v = v128.load32_splat(source)
      v = v128.load32_lane(source + from, v, 1)
      v = v128.load32_lane(source + from * 2, v, 2)
      v128.store(d + <usize>q * to, v128.load32_lane(source + from * 3, v, 3))
    }
    s += from * 4
    d += 16
  }
  for (; r < rows; r++) {
    let out = d
    for (let q = 0; q < columns; q++) {
      store<u32>(out, load<u32>(s + (<usize>q << 2)))
      out += to
    }
    s += from
    d += 4
  }
}

/** A plane of four-byte elements: `out[column, row] = source[row, column]`, rows of either `from` and `to` bytes apart. */
function transposeWords(
  source: usize, out: usize, rows: i32, columns: i32, from: usize, to: usize, scratch: usize,
): void {
  for (let q = 0; q < columns; q += 16) {
    const width = min(16, columns - q)
    let s = source + (<usize>q << 2)
    let d = out + <usize>q * to
    for (let r = 0; r < rows; r += 16) {
      const height = min(16, rows - r)
      if (scratch !== 0 && width === 16 && height === 16) transposeTile(s, d, from, to, scratch)
      else transposeRest(s, d, height, width, from, to)
      s += from * 16
      d += 64
    }
  }
}

/** The same of elements of one byte (booleans) or eight (complex numbers), in tiles of 16 × 16. */
@inline
function transposeElements<T>(source: usize, out: usize, rows: i32, columns: i32, from: usize, to: usize): void {
  const bytes = sizeof<T>()
  for (let q = 0; q < columns; q += 16) {
    const lastColumn = min(columns, q + 16)
    for (let r = 0; r < rows; r += 16) {
      const lastRow = min(rows, r + 16)
      for (let y = r; y < lastRow; y++) {
        let s = source + <usize>y * from + <usize>q * bytes
        let d = out + <usize>q * to + <usize>y * bytes
        for (let x = q; x < lastColumn; x++) {
          store<T>(d, load<T>(s))
          s += bytes
          d += to
        }
      }
    }
  }
}

/** Transposes a dense `rows` × `columns` plane of floats. */
export function transposePlane(source: usize, out: usize, rows: i32, columns: i32): void {
  transposeWords(source, out, rows, columns, <usize>columns << 2, <usize>rows << 2, 0)
}

/**
 * `outer` × `inner` planes: `out[column, row] = source[row, column]` for elements of `unit` bytes (1, 4 or 8), where rows of
 * the source are `from` and rows of the output `to` bytes apart. The planes lie as the steps of the two axes say, in bytes.
 * `scratch` has room for a kilobyte.
 */
export function transposePlanes(
  unit: i32,
  source: usize, out: usize,
  rows: i32, from: usize,
  columns: i32, to: usize,
  inner: i32, innerFrom: usize, innerTo: usize,
  outer: i32, outerFrom: usize, outerTo: usize,
  scratch: usize,
): void {
  for (let i = 0; i < outer; i++) {
    let s = source
    let d = out
    for (let j = 0; j < inner; j++) {
      if (unit === 4) transposeWords(s, d, rows, columns, from, to, scratch)
      else if (unit === 1) transposeElements<u8>(s, d, rows, columns, from, to)
      else transposeElements<u64>(s, d, rows, columns, from, to)
      s += innerFrom
      d += innerTo
    }
    source += outerFrom
    out += outerTo
  }
}
