// Copies of blocks that lie at regular distances: slices, concatenations, paddings and permutations of axes alike.
import { fill } from './lanes'

/** Above this the engine's own copy pays for its call. */
const LONG: usize = 256

/** Copies `bytes` bytes that do not overlap. Lengths beside powers of two end in a store that overlaps the one before. */
@inline
function copyBlock(s: usize, d: usize, bytes: usize): void {
  if (bytes > LONG) {
    memory.copy(d, s, bytes)
  } else if (bytes >= 16) {
    const last = bytes - 16
    for (let at: usize = 0; at < last; at += 16) v128.store(d + at, v128.load(s + at))
    v128.store(d + last, v128.load(s + last))
  } else if (bytes >= 8) {
    const last = bytes - 8
    store<u64>(d, load<u64>(s))
    if (last !== 0) store<u64>(d + last, load<u64>(s + last))
  } else if (bytes >= 4) {
    const last = bytes - 4
    store<u32>(d, load<u32>(s))
    if (last !== 0) store<u32>(d + last, load<u32>(s + last))
  } else {
    for (let at: usize = 0; at < bytes; at++) store<u8>(d + at, load<u8>(s + at))
  }
}

@inline
function copyRow(s: usize, d: usize, bytes: usize, count: i32, from: usize, to: usize): void {
  for (let n = 0; n < count; n++) {
    copyBlock(s, d, bytes)
    s += from
    d += to
  }
}

/**
 * Copies `outer` × `middle` × `inner` blocks of `bytes` bytes. Two blocks of an axis are `…From` bytes apart in the source
 * and `…To` in the output; either may be negative, as an unsigned number.
 */
export function copyBlocks(
  source: usize, out: usize, bytes: usize,
  inner: i32, innerFrom: usize, innerTo: usize,
  middle: i32, middleFrom: usize, middleTo: usize,
  outer: i32, outerFrom: usize, outerTo: usize,
): void {
  for (let i = 0; i < outer; i++) {
    let s = source
    let d = out
    for (let j = 0; j < middle; j++) {
      // With the commonest lengths as constants, nothing is decided per block.
      if (bytes === 4) copyRow(s, d, 4, inner, innerFrom, innerTo)
      else if (bytes === 16) copyRow(s, d, 16, inner, innerFrom, innerTo)
      else if (bytes === 1) copyRow(s, d, 1, inner, innerFrom, innerTo)
      else copyRow(s, d, bytes, inner, innerFrom, innerTo)
      s += middleFrom
      d += middleTo
    }
    source += outerFrom
    out += outerTo
  }
}

@inline
function fillBlock(d: usize, bytes: usize, pattern: u32): void {
  const end = d + bytes
  const four = i32x4.splat(pattern)
  for (; d + 16 <= end; d += 16) v128.store(d, four)
  for (; d + 4 <= end; d += 4) store<u32>(d, pattern)
  for (; d < end; d++) store<u8>(d, pattern)
}

/** Fills `outer` × `inner` blocks of `bytes` bytes with a pattern of four bytes; steps as in `copyBlocks`. */
export function fillBlocks(
  out: usize, bytes: usize, pattern: u32,
  inner: i32, innerTo: usize,
  outer: i32, outerTo: usize,
): void {
  for (let i = 0; i < outer; i++) {
    let d = out
    for (let j = 0; j < inner; j++) {
      fillBlock(d, bytes, pattern)
      d += innerTo
    }
    out += outerTo
  }
}

/** Each of `outer` blocks of `bytes` bytes, `times` times. The first copy of the last block may be the block itself. */
export function repeatBlocks(source: usize, out: usize, outer: i32, bytes: usize, times: i32): void {
  for (let n = 0; n < outer; n++) {
    if (bytes === 4) {
      fill(out, times, load<f32>(source))
      out += <usize>times << 2
    } else if (bytes === 1) {
      memory.fill(out, load<u8>(source), times)
      out += times
    } else {
      for (let i = 0; i < times; i++) {
        copyBlock(source, out, bytes)
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
      copyBlock(from, out, bytes)
      out += bytes
    }
    source += <usize>size * bytes
  }
  return -1
}
