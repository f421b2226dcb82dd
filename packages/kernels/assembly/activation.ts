// What follows a matrix product in a fused op: the bias of each column, then the activation, in one pass over the rows.
// NaN passes through every activation, as in tfjs's JavaScript backend.

const RELU: i32 = 1
const RELU6: i32 = 2
const LEAKY: i32 = 3

function activate(value: v128, slope: v128, kind: i32): v128 {
  const zero = f32x4.splat(0)
  if (kind === RELU) return f32x4.max(value, zero)
  if (kind === RELU6) return f32x4.min(f32x4.max(value, zero), f32x4.splat(6))
  if (kind === LEAKY) return v128.bitselect(f32x4.mul(value, slope), value, f32x4.lt(value, zero))
  return value
}

/**
 * `y = activation(y + bias)` in place on `rows` × `columns`. `biasStep` and `slopeStep` are 1 for one value per column, 0
 * for one value in all; address 0 means no bias, or a slope of `alpha`. `kind`: 0 linear, 1 relu, 2 relu6, 3 leaky.
 */
export function biasActivation(
  y: usize,
  rows: i32,
  columns: i32,
  bias: usize,
  biasStep: i32,
  kind: i32,
  alpha: f32,
  slope: usize,
  slopeStep: i32,
): void {
  const oneBias = bias !== 0 && biasStep === 0 ? v128.load32_splat(bias) : f32x4.splat(0)
  const oneSlope = slope !== 0 && slopeStep === 0 ? v128.load32_splat(slope) : f32x4.splat(alpha)
  const biasByColumn = bias !== 0 && biasStep !== 0
  const slopeByColumn = slope !== 0 && slopeStep !== 0
  for (let i = 0; i < rows; i++) {
    let j = 0
    for (; j + 4 <= columns; j += 4) {
      const column = <usize>j << 2
      const b = biasByColumn ? v128.load(bias + column) : oneBias
      const s = slopeByColumn ? v128.load(slope + column) : oneSlope
      v128.store(y, activate(f32x4.add(v128.load(y), b), s, kind))
      y += 16
    }
    for (; j < columns; j++) {
      const column = <usize>j << 2
      const b = biasByColumn ? v128.load32_splat(bias + column) : oneBias
      const s = slopeByColumn ? v128.load32_splat(slope + column) : oneSlope
      store<f32>(y, f32x4.extract_lane(activate(f32x4.add(v128.load32_splat(y), b), s, kind), 0))
      y += 4
    }
  }
}
