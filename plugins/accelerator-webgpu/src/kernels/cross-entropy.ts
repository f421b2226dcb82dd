import { kernelNames, type SparseCrossEntropyAttrs } from '@levin/ops'
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import type { LevinBackend } from '../backend/levin-backend.js'
import { kernel } from './kernel.js'
import { addUpVector } from './reductions.js'
import { forRows, rowProgram } from './rows.js'
import { discard, filled, output } from './tensors.js'

/** Cross-entropy: one pass over the logits forward, one backward, no softmax and no one-hot matrix in memory. */

const uniforms = {
  smoothing: 'f32',
  nan: 'f32',
  ignoreIndex: 'i32',
  scale: 'f32',
  unreduced: 'u32',
  weighted: 'u32',
} as const

// The sum of class weights is that of ones where there are none. `weight` is bound in any case, and then not read.
const LOG_SUM_EXP = `
  var largest = -3.4028234e38;
  for (var c = first; c < u.width; c += LANES) { largest = max(largest, logits[base + c]); }
  largest = rowMax(lane, largest);
  var sum = 0.0;
  for (var c = first; c < u.width; c += LANES) { sum += exp(logits[base + c] - largest); }
  let lse = largest + log(rowSum(lane, sum));`

const WEIGHT_OF = 'fn weightOf(c: u32) -> f32 { if (u.weighted == 1u) { return weight[c]; } return 1.0; }'

const LABEL = `
  let label = labels[row];
  let present = label != u.ignoreIndex;
  let index = u32(clamp(label, 0, i32(u.width) - 1));
  let wrong = present && (label < 0 || label >= i32(u.width));`

const sparseForward = rowProgram({
  name: 'LevinSparseCrossEntropy',
  writes: ['losses', 'logSumExp', 'counted'],
  reads: ['logits', 'labels:i32', 'weight'],
  uniforms,
  declarations: WEIGHT_OF,
  body: `
  ${LOG_SUM_EXP}
  var spread = 0.0;
  if (u.smoothing > 0.0) {
    var part = 0.0;
    for (var c = first; c < u.width; c += LANES) { part += (lse - logits[base + c]) * weightOf(c); }
    spread = rowSum(lane, part) * u.smoothing / f32(u.width);
  }
  ${LABEL}
  if (first == 0u) {
    let hard = (lse - logits[base + index]) * weightOf(index) * (1.0 - u.smoothing);
    losses[row] = select(0.0, select(hard + spread, u.nan, wrong), present);
    logSumExp[row] = lse;
    counted[row] = select(0.0, weightOf(index), present);
  }`,
})

const sparseBackward = rowProgram({
  name: 'LevinSparseCrossEntropyGrad',
  writes: ['dx'],
  reads: ['logits', 'labels:i32', 'weight', 'dy', 'logSumExp', 'totalWeight'],
  uniforms,
  declarations: WEIGHT_OF,
  body: `
  ${LABEL}
  // 0: the sum. 1: a loss for each row. 2: the mean, of which nothing is left where every row is ignored.
  var factor = dy[select(0u, row, u.unreduced == 1u)];
  if (u.unreduced == 2u) { factor = factor / max(totalWeight[0], 1e-30); }
  if (wrong) { factor = u.nan; }
  let hard = weightOf(index) * (1.0 - u.smoothing);
  var soft = 0.0;
  if (u.smoothing > 0.0) {
    var part = 0.0;
    for (var c = first; c < u.width; c += LANES) { part += weightOf(c); }
    soft = rowSum(lane, part) * u.smoothing / f32(u.width);
  }
  for (var c = first; c < u.width; c += LANES) {
    let p = exp(logits[base + c] - logSumExp[row]);
    var g = (p - select(0.0, 1.0, c == index)) * hard;
    if (u.smoothing > 0.0) { g += p * soft - weightOf(c) * u.smoothing / f32(u.width); }
    dx[base + c] = select(0.0, g * factor, present);
  }`,
})

const softUniforms = { smoothing: 'f32', weighted: 'u32', unreduced: 'u32', scale: 'f32' } as const

const TARGET_OF = `
fn targetOf(at: u32, c: u32) -> f32 {
  let smoothed = targets[at] * (1.0 - u.smoothing) + u.smoothing / f32(u.width);
  if (u.weighted == 1u) { return smoothed * weight[c]; }
  return smoothed;
}`

const softForward = rowProgram({
  name: 'LevinSoftCrossEntropy',
  writes: ['losses', 'logSumExp'],
  reads: ['logits', 'targets', 'weight'],
  uniforms: softUniforms,
  declarations: TARGET_OF,
  body: `
  ${LOG_SUM_EXP}
  var part = 0.0;
  for (var c = first; c < u.width; c += LANES) { part += targetOf(base + c, c) * (lse - logits[base + c]); }
  let loss = rowSum(lane, part);
  if (first == 0u) { losses[row] = loss; logSumExp[row] = lse; }`,
})

const softBackward = rowProgram({
  name: 'LevinSoftCrossEntropyGrad',
  writes: ['dx'],
  reads: ['logits', 'targets', 'weight', 'dy', 'logSumExp'],
  uniforms: softUniforms,
  declarations: TARGET_OF,
  body: `
  var part = 0.0;
  for (var c = first; c < u.width; c += LANES) { part += targetOf(base + c, c); }
  let whole = rowSum(lane, part);
  let factor = dy[select(0u, row, u.unreduced == 1u)] * u.scale;
  for (var c = first; c < u.width; c += LANES) {
    dx[base + c] = (exp(logits[base + c] - logSumExp[row]) * whole - targetOf(base + c, c)) * factor;
  }`,
})

const REDUCTIONS = { sum: 0, none: 1, mean: 2 } as const

const sparseValues = (attrs: SparseCrossEntropyAttrs, weight: TensorInfo | undefined) => ({
  smoothing: attrs.labelSmoothing,
  nan: Number.NaN,
  ignoreIndex: attrs.ignoreIndex,
  scale: 1,
  unreduced: REDUCTIONS[attrs.reduction],
  weighted: Number(weight !== undefined),
})

function reduced(
  backend: LevinBackend,
  losses: TensorInfo,
  reduction: 'sum' | 'none' | 'mean',
  divisor: number | TensorInfo,
): TensorInfo {
  if (reduction === 'none') return losses
  const loss = addUpVector(backend, losses, reduction === 'mean' ? divisor : 1)
  discard(backend, losses)
  return loss
}

/** Of no rows: a sum is 0, a mean 0 / 0. */
const lossOfNothing = (backend: LevinBackend, reduction: 'sum' | 'none' | 'mean'): TensorInfo =>
  filled(backend, reduction === 'none' ? [0] : [], reduction === 'mean' ? Number.NaN : 0)

export const crossEntropyKernels: readonly KernelConfig[] = [
  kernel(kernelNames.sparseCrossEntropy, (backend, { logits, labels, weight }, attrs) => {
    const [rows, width] = logits.shape as [number, number]
    if (rows === 0) {
      return [lossOfNothing(backend, attrs.reduction), filled(backend, [0]), filled(backend, [])]
    }
    const [losses, logSumExp, counted] = [output(backend, [rows]), output(backend, [rows]), output(backend, [rows])]
    const [program, groups] = forRows(sparseForward, rows, width)
    const values = { rows, width, ...sparseValues(attrs, weight) }
    backend.compute(program, [losses, logSumExp, counted], [logits, labels, weight ?? logits], values, groups)
    const totalWeight = addUpVector(backend, counted)
    discard(backend, counted)
    return [reduced(backend, losses, attrs.reduction, totalWeight), logSumExp, totalWeight]
  }),
  kernel(kernelNames.sparseCrossEntropyGrad, (backend, inputs, attrs) => {
    const { logits, labels, weight, dy, logSumExp, totalWeight } = inputs
    const [rows, width] = logits.shape as [number, number]
    if (rows === 0) return filled(backend, logits.shape)
    const dx = output(backend, logits.shape)
    const [program, groups] = forRows(sparseBackward, rows, width)
    const values = { rows, width, ...sparseValues(attrs, weight) }
    backend.compute(program, [dx], [logits, labels, weight ?? logits, dy, logSumExp, totalWeight], values, groups)
    return dx
  }),
  kernel(kernelNames.softCrossEntropy, (backend, { logits, targets, weight }, { labelSmoothing, reduction }) => {
    const [rows, width] = logits.shape as [number, number]
    if (rows === 0) return [lossOfNothing(backend, reduction), filled(backend, [0])]
    const [losses, logSumExp] = [output(backend, [rows]), output(backend, [rows])]
    const [program, groups] = forRows(softForward, rows, width)
    const weighted = Number(weight !== undefined)
    const values = { rows, width, smoothing: labelSmoothing, weighted, unreduced: 0, scale: 1 }
    backend.compute(program, [losses, logSumExp], [logits, targets, weight ?? logits], values, groups)
    return [reduced(backend, losses, reduction, rows), logSumExp]
  }),
  kernel(kernelNames.softCrossEntropyGrad, (backend, inputs, { labelSmoothing, reduction }) => {
    const { logits, targets, weight, dy, logSumExp } = inputs
    const [rows, width] = logits.shape as [number, number]
    if (rows === 0) return filled(backend, logits.shape)
    const dx = output(backend, logits.shape)
    const [program, groups] = forRows(softBackward, rows, width)
    const values = {
      rows,
      width,
      smoothing: labelSmoothing,
      weighted: Number(weight !== undefined),
      unreduced: REDUCTIONS[reduction],
      scale: reduction === 'mean' ? 1 / rows : 1,
    }
    backend.compute(program, [dx], [logits, targets, weight ?? logits, dy, logSumExp], values, groups)
    return dx
  }),
]
