// Dropout from counters: whether an element stays depends on the key and on its place in the global tensor alone, so that
// backward draws the same bits again and nothing is kept. Philox 4×32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel
// random numbers: as easy as 1, 2, 3"), four blocks side by side in the lanes of four vectors.

const MULTIPLIER_0: u32 = 0xd2511f53
const MULTIPLIER_1: u32 = 0xcd9e8d57
const WEYL_0: u32 = 0x9e3779b9
const WEYL_1: u32 = 0xbb67ae85
const ROUNDS: i32 = 10

/** The low 32 bits of each of the four products whose halves are in `even` (lanes 0, 1) and `odd` (lanes 2, 3). */
@inline
function lowWords(even: v128, odd: v128): v128 {
  return v128.shuffle<i32>(even, odd, 0, 2, 4, 6)
}

@inline
function highWords(even: v128, odd: v128): v128 {
  return v128.shuffle<i32>(even, odd, 1, 3, 5, 7)
}

/** All ones where the uniform number `(word >>> 8) × 2⁻²⁴` is at least `rate`, else zeros. */
@inline
function stays(word: v128, rate: v128): v128 {
  const uniform = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(word, 8)), f32x4.splat(5.9604644775390625e-8))
  return f32x4.ge(uniform, rate)
}

/** Writes the masks of the sixteen elements from block `block` on, in order, to `out`. */
@inline
function masks(block: u64, key0: u32, key1: u32, rate: v128, out: usize): void {
  const b1 = block + 1
  const b2 = block + 2
  const b3 = block + 3
  let c0 = i32x4.splat(<i32>block)
  c0 = i32x4.replace_lane(c0, 1, <i32>b1)
  c0 = i32x4.replace_lane(c0, 2, <i32>b2)
  c0 = i32x4.replace_lane(c0, 3, <i32>b3)
  let c1 = i32x4.splat(<i32>(block >> 32))
  c1 = i32x4.replace_lane(c1, 1, <i32>(b1 >> 32))
  c1 = i32x4.replace_lane(c1, 2, <i32>(b2 >> 32))
  c1 = i32x4.replace_lane(c1, 3, <i32>(b3 >> 32))
  let c2 = i32x4.splat(0)
  let c3 = i32x4.splat(0)
  let k0 = i32x4.splat(key0)
  let k1 = i32x4.splat(key1)
  const m0 = i32x4.splat(MULTIPLIER_0)
  const m1 = i32x4.splat(MULTIPLIER_1)
  for (let round = 0; round < ROUNDS; round++) {
    const even0 = i64x2.extmul_low_i32x4_u(c0, m0)
    const odd0 = i64x2.extmul_high_i32x4_u(c0, m0)
    const even1 = i64x2.extmul_low_i32x4_u(c2, m1)
    const odd1 = i64x2.extmul_high_i32x4_u(c2, m1)
    c0 = v128.xor(v128.xor(highWords(even1, odd1), c1), k0)
    c1 = lowWords(even1, odd1)
    c2 = v128.xor(v128.xor(highWords(even0, odd0), c3), k1)
    c3 = lowWords(even0, odd0)
    k0 = i32x4.add(k0, i32x4.splat(WEYL_0))
    k1 = i32x4.add(k1, i32x4.splat(WEYL_1))
  }
  const s0 = stays(c0, rate)
  const s1 = stays(c1, rate)
  const s2 = stays(c2, rate)
  const s3 = stays(c3, rate)
  // Words lie by word and block; elements by block and word.
  const low01 = v128.shuffle<i32>(s0, s1, 0, 4, 1, 5)
  const low23 = v128.shuffle<i32>(s2, s3, 0, 4, 1, 5)
  const high01 = v128.shuffle<i32>(s0, s1, 2, 6, 3, 7)
  const high23 = v128.shuffle<i32>(s2, s3, 2, 6, 3, 7)
  v128.store(out, v128.shuffle<i64>(low01, low23, 0, 2))
  v128.store(out, v128.shuffle<i64>(low01, low23, 1, 3), 16)
  v128.store(out, v128.shuffle<i64>(high01, high23, 0, 2), 32)
  v128.store(out, v128.shuffle<i64>(high01, high23, 1, 3), 48)
}

/**
 * `y[count] = u ≥ rate ? x × scale : 0` for elements that lie one after the other in the global tensor from index `start`
 * on. `workspace` has room for sixteen floats.
 */
export function dropout(
  x: usize,
  y: usize,
  count: i32,
  start: f64,
  key0: u32,
  key1: u32,
  rate: f32,
  scale: f32,
  workspace: usize,
): void {
  const rates = f32x4.splat(rate)
  const scales = f32x4.splat(scale)
  const first = <u64>start
  let block = first >> 2
  // Elements of the first block that lie before the first of ours.
  let skip = <i32>(first & 3)
  while (count > 0) {
    masks(block, key0, key1, rates, workspace)
    let n = min(count, 16 - skip)
    let mask = workspace + (<usize>skip << 2)
    block += 4
    skip = 0
    count -= n
    for (; n >= 4; n -= 4) {
      v128.store(y, v128.and(f32x4.mul(v128.load(x), scales), v128.load(mask)))
      x += 16
      y += 16
      mask += 16
    }
    for (; n > 0; n--) {
      store<f32>(y, load<u32>(mask) !== 0 ? load<f32>(x) * scale : 0)
      x += 4
      y += 4
      mask += 4
    }
  }
}
