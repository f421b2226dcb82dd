import { kernelNames } from '@levin/ops'
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import { kernel } from './kernel.js'
import { forRows, rowProgram } from './rows.js'
import { filled, output } from './tensors.js'

const forward = rowProgram({
  name: 'LevinLayerNorm',
  writes: ['y', 'mean', 'inverseDeviation'],
  reads: ['x', 'gamma', 'beta'],
  uniforms: { epsilon: 'f32', hasGamma: 'u32', hasBeta: 'u32' },
  body: `
  var sum = 0.0;
  for (var c = first; c < u.width; c += LANES) { sum += x[base + c]; }
  let m = rowSum(lane, sum) / f32(u.width);
  // Squares of what is left of the mean: a difference of squares would cancel.
  var squares = 0.0;
  for (var c = first; c < u.width; c += LANES) { let d = x[base + c] - m; squares += d * d; }
  let inverse = 1.0 / sqrt(rowSum(lane, squares) / f32(u.width) + u.epsilon);
  for (var c = first; c < u.width; c += LANES) {
    var value = (x[base + c] - m) * inverse;
    if (u.hasGamma == 1u) { value = value * gamma[c]; }
    if (u.hasBeta == 1u) { value = value + beta[c]; }
    y[base + c] = value;
  }
  if (first == 0u) { mean[row] = m; inverseDeviation[row] = inverse; }`,
})

const inputGradient = rowProgram({
  name: 'LevinLayerNormGrad',
  writes: ['dx'],
  reads: ['dy', 'x', 'mean', 'inverseDeviation', 'gamma'],
  uniforms: { hasGamma: 'u32' },
  declarations:
    'fn scaledAt(at: u32, c: u32) -> f32 { if (u.hasGamma == 1u) { return dy[at] * gamma[c]; } return dy[at]; }',
  body: `
  let m = mean[row];
  let inverse = inverseDeviation[row];
  var sum = 0.0;
  var projected = 0.0;
  for (var c = first; c < u.width; c += LANES) {
    let scaled = scaledAt(base + c, c);
    sum += scaled;
    projected += scaled * (x[base + c] - m) * inverse;
  }
  let meanScaled = rowSum(lane, sum) / f32(u.width);
  let meanProjected = rowSum(lane, projected) / f32(u.width);
  for (var c = first; c < u.width; c += LANES) {
    let normalised = (x[base + c] - m) * inverse;
    dx[base + c] = (scaledAt(base + c, c) - meanScaled - normalised * meanProjected) * inverse;
  }`,
})

/** Columns and rows that a workgroup looks at together: neighbours in memory along the columns. */
const TILE = 16

// Sums over rows, a workgroup for each 16 columns.
const weightGradient: ComputeProgram = {
  name: 'LevinLayerNormWeightGrad',
  writes: ['dGamma', 'dBeta'],
  reads: ['dy', 'x', 'mean', 'inverseDeviation'],
  uniforms: { rows: 'u32', width: 'u32' },
  workgroupSize: TILE * TILE,
  declarations: `
var<workgroup> gammas: array<f32, ${TILE * TILE}>;
var<workgroup> betas: array<f32, ${TILE * TILE}>;`,
  body: `
  let column = group * ${TILE}u + lane % ${TILE}u;
  var dg = 0.0;
  var db = 0.0;
  if (column < u.width) {
    for (var row = lane / ${TILE}u; row < u.rows; row += ${TILE}u) {
      let g = dy[row * u.width + column];
      dg += g * (x[row * u.width + column] - mean[row]) * inverseDeviation[row];
      db += g;
    }
  }
  gammas[lane] = dg;
  betas[lane] = db;
  workgroupBarrier();
  for (var span = ${(TILE * TILE) / 2}u; span >= ${TILE}u; span = span / 2u) {
    if (lane < span) {
      gammas[lane] = gammas[lane] + gammas[lane + span];
      betas[lane] = betas[lane] + betas[lane + span];
    }
    workgroupBarrier();
  }
  if (lane < ${TILE}u && column < u.width) {
    dGamma[column] = gammas[lane];
    dBeta[column] = betas[lane];
  }`,
}

export const layerNormKernels: readonly KernelConfig[] = [
  kernel(kernelNames.layerNorm, (backend, { x, gamma, beta }, { epsilon }) => {
    const [rows, width] = x.shape as [number, number]
    if (rows * width === 0) return [filled(backend, x.shape), filled(backend, [rows]), filled(backend, [rows])]
    const [y, mean, inverseDeviation] = [output(backend, x.shape), output(backend, [rows]), output(backend, [rows])]
    const [program, groups] = forRows(forward, rows, width)
    const has = { hasGamma: Number(gamma !== undefined), hasBeta: Number(beta !== undefined) }
    const written = [y, mean, inverseDeviation]
    backend.compute(program, written, [x, gamma ?? x, beta ?? x], { rows, width, epsilon, ...has }, groups)
    return written
  }),
  kernel(kernelNames.layerNormGrad, (backend, { dy, x, mean, inverseDeviation, gamma }, { hasBeta }) => {
    const [rows, width] = x.shape as [number, number]
    const hasGamma = gamma !== undefined
    if (rows * width === 0) {
      const weights = Array.from({ length: Number(hasGamma) + Number(hasBeta) }, () => filled(backend, [width]))
      return [filled(backend, x.shape), ...weights]
    }
    const dx = output(backend, x.shape)
    const [program, groups] = forRows(inputGradient, rows, width)
    const operands = [dy, x, mean, inverseDeviation]
    backend.compute(program, [dx], [...operands, gamma ?? x], { rows, width, hasGamma: Number(hasGamma) }, groups)
    if (!hasGamma && !hasBeta) return [dx]
    const [dGamma, dBeta] = [output(backend, [width]), output(backend, [width])]
    backend.compute(weightGradient, [dGamma, dBeta], operands, { rows, width }, Math.ceil(width / TILE))
    const wanted: TensorInfo[] = [dx]
    for (const [isWanted, gradient] of [
      [hasGamma, dGamma],
      [hasBeta, dBeta],
    ] as const) {
      if (isWanted) wanted.push(gradient)
      else backend.disposeData(gradient.dataId)
    }
    return wanted
  }),
]
