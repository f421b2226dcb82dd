// Panels: a block of a matrix laid out in the order in which the micro-kernel reads it, `width` floats per step of the
// depth. Packing costs one read and one write per element, and buys unit stride for all four transpose cases alike.
import { MR, NR } from './micro-kernel'

/** Four rows of the source that run along the depth become four columns of the panel: a 4 × 4 transpose in registers. */
function transposeFour(panel: usize, width: usize, s0: usize, s1: usize, s2: usize, s3: usize): void {
  const r0 = v128.load(s0)
  const r1 = v128.load(s1)
  const r2 = v128.load(s2)
  const r3 = v128.load(s3)
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5)
  const t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
  const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5)
  const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
  v128.store(panel, v128.shuffle<f64>(t0, t2, 0, 2))
  v128.store(panel + width, v128.shuffle<f64>(t0, t2, 1, 3))
  v128.store(panel + width * 2, v128.shuffle<f64>(t1, t3, 0, 2))
  v128.store(panel + width * 3, v128.shuffle<f64>(t1, t3, 1, 3))
}

/** One row of the source that runs along the depth becomes one column of the panel. */
function scatterRow(panel: usize, width: usize, source: usize, depth: i32): void {
  for (let k = 0; k < depth; k++) {
    store<u32>(panel, load<u32>(source))
    panel += width
    source += 4
  }
}

/** `width` rows that run along the depth (a transposed panel), `width` floats per step. */
function packAlong(panel: usize, source: usize, stride: usize, depth: i32, width: i32): void {
  const step = <usize>width << 2
  let row = 0
  for (; row + 4 <= width; row += 4) {
    let d = panel + (<usize>row << 2)
    let s = source + <usize>row * stride
    let k = depth
    for (; k >= 4; k -= 4) {
      transposeFour(d, step, s, s + stride, s + stride * 2, s + stride * 3)
      d += step * 4
      s += 16
    }
    for (; k > 0; k--) {
      store<u32>(d, load<u32>(s))
      store<u32>(d, load<u32>(s + stride), 4)
      store<u32>(d, load<u32>(s + stride * 2), 8)
      store<u32>(d, load<u32>(s + stride * 3), 12)
      d += step
      s += 4
    }
  }
  for (; row < width; row++) scatterRow(panel + (<usize>row << 2), step, source + <usize>row * stride, depth)
}

/** MR columns that lie side by side in the source. */
function packRowsOfA(panel: usize, source: usize, stride: usize, depth: i32): void {
  for (let k = 0; k < depth; k++) {
    v128.store(panel, v128.load(source))
    if (ASC_FEATURE_RELAXED_SIMD) store<u64>(panel, load<u64>(source, 16), 16)
    else store<u32>(panel, load<u32>(source, 16), 16)
    panel += MR * 4
    source += stride
  }
}

/** NR columns that lie side by side in the source. */
function packRowsOfB(panel: usize, source: usize, stride: usize, depth: i32): void {
  for (let k = 0; k < depth; k++) {
    v128.store(panel, v128.load(source))
    v128.store(panel, v128.load(source, 16), 16)
    panel += NR * 4
    source += stride
  }
}

/** The last, narrower panel, filled up with zeros. */
function packEdge(panel: usize, source: usize, along: usize, across: usize, depth: i32, used: i32, width: i32): void {
  for (let k = 0; k < depth; k++) {
    let s = source
    let j = 0
    for (; j < used; j++) {
      store<u32>(panel, load<u32>(s))
      s += across
      panel += 4
    }
    for (; j < width; j++) {
      store<u32>(panel, 0)
      panel += 4
    }
    source += along
  }
}

/** Packs `rows` × `depth` of A, whose rows are `stride` bytes apart as stored (`transposed`: stored depth × rows). */
export function packA(panel: usize, a: usize, transposed: bool, stride: usize, rows: i32, depth: i32): void {
  const step = transposed ? <usize>(MR * 4) : stride * MR
  for (; rows >= MR; rows -= MR) {
    if (transposed) packRowsOfA(panel, a, stride, depth)
    else packAlong(panel, a, stride, depth, MR)
    panel += <usize>depth * (MR * 4)
    a += step
  }
  if (rows > 0) packEdge(panel, a, transposed ? stride : 4, transposed ? 4 : stride, depth, rows, MR)
}

/** Packs `depth` × `columns` of B, whose rows are `stride` bytes apart as stored (`transposed`: stored columns × depth). */
export function packB(panel: usize, b: usize, transposed: bool, stride: usize, columns: i32, depth: i32): void {
  const step = transposed ? stride * NR : <usize>(NR * 4)
  for (; columns >= NR; columns -= NR) {
    if (transposed) packAlong(panel, b, stride, depth, NR)
    else packRowsOfB(panel, b, stride, depth)
    panel += <usize>depth * (NR * 4)
    b += step
  }
  if (columns > 0) packEdge(panel, b, transposed ? 4 : stride, transposed ? stride : 4, depth, columns, NR)
}
