// The register-blocked heart of the matrix product: MR × NR accumulators stay in registers over the whole depth, so that
// each step of the depth costs MR broadcasts and two loads for 2 × MR multiply-adds.
// (Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008.)
//
// V8 leaves 15 vector registers. With fused multiply-add (relaxed SIMD) 6 × 8 fits; separate multiply and add need a
// temporary, and 6 × 8 would spill. The depth is not unrolled: the optimiser would hoist the loads and spill as well.

/** Rows of a block of accumulators. */
export const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5
/** Columns of a block of accumulators. */
export const NR: i32 = 8

/** `a × b + c` on four floats; rounded once with relaxed SIMD where the machine has it, twice otherwise. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(c, f32x4.mul(a, b))
}

function storeRow(c: usize, left: v128, right: v128, accumulate: bool): void {
  if (accumulate) {
    v128.store(c, f32x4.add(v128.load(c), left))
    v128.store(c, f32x4.add(v128.load(c, 16), right), 16)
  } else {
    v128.store(c, left)
    v128.store(c, right, 16)
  }
}

/**
 * `C[MR, NR] (+)= A B` over `depth`, from one packed panel of each: `a` holds MR floats per step of the depth, `b` NR.
 * `stride` is the distance of two rows of C in bytes.
 */
export function microKernel(depth: i32, a: usize, b: usize, c: usize, stride: usize, accumulate: bool): void {
  let c00 = f32x4.splat(0)
  let c01 = f32x4.splat(0)
  let c10 = f32x4.splat(0)
  let c11 = f32x4.splat(0)
  let c20 = f32x4.splat(0)
  let c21 = f32x4.splat(0)
  let c30 = f32x4.splat(0)
  let c31 = f32x4.splat(0)
  let c40 = f32x4.splat(0)
  let c41 = f32x4.splat(0)
  let c50 = f32x4.splat(0)
  let c51 = f32x4.splat(0)
  while (depth > 0) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    let row = v128.load32_splat(a)
    c00 = multiplyAdd(row, b0, c00)
    c01 = multiplyAdd(row, b1, c01)
    row = v128.load32_splat(a, 4)
    c10 = multiplyAdd(row, b0, c10)
    c11 = multiplyAdd(row, b1, c11)
    row = v128.load32_splat(a, 8)
    c20 = multiplyAdd(row, b0, c20)
    c21 = multiplyAdd(row, b1, c21)
    row = v128.load32_splat(a, 12)
    c30 = multiplyAdd(row, b0, c30)
    c31 = multiplyAdd(row, b1, c31)
    row = v128.load32_splat(a, 16)
    c40 = multiplyAdd(row, b0, c40)
    c41 = multiplyAdd(row, b1, c41)
    if (ASC_FEATURE_RELAXED_SIMD) {
      row = v128.load32_splat(a, 20)
      c50 = multiplyAdd(row, b0, c50)
      c51 = multiplyAdd(row, b1, c51)
    }
    a += MR * 4
    b += NR * 4
    depth--
  }
  storeRow(c, c00, c01, accumulate)
  c += stride
  storeRow(c, c10, c11, accumulate)
  c += stride
  storeRow(c, c20, c21, accumulate)
  c += stride
  storeRow(c, c30, c31, accumulate)
  c += stride
  storeRow(c, c40, c41, accumulate)
  if (ASC_FEATURE_RELAXED_SIMD) {
    c += stride
    storeRow(c, c50, c51, accumulate)
  }
}

/**
 * The left half of `microKernel`: `C[MR, 4] (+)= A B` from a panel of B that is still NR wide.
 * Ten columns (the classes of many a classifier) cost 12 with it, and 16 without.
 */
export function microKernelNarrow(depth: i32, a: usize, b: usize, c: usize, stride: usize): void {
  let c0 = f32x4.splat(0)
  let c1 = f32x4.splat(0)
  let c2 = f32x4.splat(0)
  let c3 = f32x4.splat(0)
  let c4 = f32x4.splat(0)
  let c5 = f32x4.splat(0)
  while (depth > 0) {
    const b0 = v128.load(b)
    c0 = multiplyAdd(v128.load32_splat(a), b0, c0)
    c1 = multiplyAdd(v128.load32_splat(a, 4), b0, c1)
    c2 = multiplyAdd(v128.load32_splat(a, 8), b0, c2)
    c3 = multiplyAdd(v128.load32_splat(a, 12), b0, c3)
    c4 = multiplyAdd(v128.load32_splat(a, 16), b0, c4)
    if (ASC_FEATURE_RELAXED_SIMD) c5 = multiplyAdd(v128.load32_splat(a, 20), b0, c5)
    a += MR * 4
    b += NR * 4
    depth--
  }
  v128.store(c, c0)
  v128.store(c + stride, c1)
  v128.store(c + stride * 2, c2)
  v128.store(c + stride * 3, c3)
  v128.store(c + stride * 4, c4)
  if (ASC_FEATURE_RELAXED_SIMD) v128.store(c + stride * 5, c5)
}
