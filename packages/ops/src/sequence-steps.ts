import {
  _FusedMatMul,
  BatchMatMul,
  Concat,
  concat,
  expandDims,
  Slice,
  Sum,
  slice,
  type Tensor,
  type TensorInfo,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core'
import { check, checkFloat, checkShape, format, sizeOf } from './checks.js'
import { callKernel, view } from './kernel.js'

// What recurrent ops have in common: sequences [batch, time, size] that are walked step by step, weights [in, gates · hidden].

/** The weights of one recurrent layer, and where it starts. */
export interface RecurrentOperands {
  /** `[batch, time, in]` float32, at least one step. */
  readonly x: Tensor
  /** `[in, gates · hidden]` */
  readonly inputWeight: Tensor
  /** `[hidden, gates · hidden]` */
  readonly recurrentWeight: Tensor
  /** `[gates · hidden]`. Absent: 0. */
  readonly inputBias?: Tensor | undefined
  /** `[gates · hidden]`. Absent: 0. */
  readonly recurrentBias?: Tensor | undefined
  /** `[batch, hidden]`: the state before the first step. Absent: 0. */
  readonly hidden?: Tensor | undefined
}

/** What the kernels of a recurrent layer take, in the names of {@link RecurrentOperands}. */
export interface RecurrentTensors {
  readonly x: TensorInfo
  readonly inputWeight: TensorInfo
  readonly recurrentWeight: TensorInfo
  readonly inputBias?: TensorInfo | undefined
  readonly recurrentBias?: TensorInfo | undefined
  readonly hidden: TensorInfo
}

export interface RecurrentSizes {
  readonly batch: number
  readonly time: number
  readonly inputs: number
  readonly hidden: number
}

/** Fails, in the name of `op`, where operands do not fit together. */
export function checkedRecurrence(op: string, gates: number, operands: RecurrentOperands): RecurrentSizes {
  const { x, inputWeight, recurrentWeight, inputBias, recurrentBias, hidden: start } = operands
  checkFloat(op, 'x', x)
  check(
    x.rank === 3 && (x.shape[1] as number) > 0,
    op,
    () => `\`x\` must be [batch, time, features] of at least one step, but has shape ${format(x.shape)}`,
  )
  const [batch, time, inputs] = x.shape as [number, number, number]
  const hidden = recurrentWeight.shape[0] as number
  const wide = gates * hidden
  const expected: readonly (readonly [string, Tensor | undefined, readonly number[], string])[] = [
    ['recurrentWeight', recurrentWeight, [hidden, wide], `${gates} gates side by side`],
    ['inputWeight', inputWeight, [inputs, wide], 'features of `x`, gates of `recurrentWeight`'],
    ['inputBias', inputBias, [wide], 'gates of `recurrentWeight`'],
    ['recurrentBias', recurrentBias, [wide], 'gates of `recurrentWeight`'],
    ['hidden', start, [batch, hidden], 'batch of `x`, rows of `recurrentWeight`'],
  ]
  for (const [name, tensor, shape, why] of expected) {
    if (tensor === undefined) continue
    checkFloat(op, name, tensor)
    checkShape(op, name, tensor, shape, why)
  }
  return { batch, time, inputs, hidden }
}

/** The tensors that a recurrent layer has gradients for, by name. */
export function recurrentInputs(operands: RecurrentOperands) {
  const { x, inputWeight, recurrentWeight, inputBias, recurrentBias, hidden } = operands
  return { x, inputWeight, recurrentWeight, inputBias, recurrentBias, hidden }
}

/** `[batch, size]` of one step. */
export function stepOf(sequence: Tensor, step: number): Tensor {
  const [batch, , size] = sequence.shape as [number, number, number]
  if (sequence.size === 0) return zeros([batch, size])
  const attrs = { begin: [0, step, 0], size: [batch, 1, size] }
  return callKernel(Slice, { x: sequence }, attrs, [batch, size])[0] as Tensor
}

/** Steps `[batch, size]` as one sequence. */
export function joinSteps(steps: readonly Tensor[]): Tensor {
  const [batch, size] = (steps[0] as Tensor).shape as [number, number]
  if (batch * size === 0) return zeros([batch, steps.length, size])
  const views = steps.map((step) => view(step, [batch, 1, size]))
  return callKernel(Concat, views, { axis: 1 })[0] as Tensor
}

/** The state before each step: the first one, then all but the last of the sequence. */
export function statesBefore(first: Tensor, sequence: Tensor): Tensor {
  const [batch, time, size] = sequence.shape as [number, number, number]
  return tidy(() => {
    const head = expandDims(first, 1)
    return time === 1 ? head : concat([head, slice(sequence, [0, 0, 0], [batch, time - 1, size])], 1)
  })
}

/** The product of matrices, `a` or `b` transposed where asked. All axes but the last are rows. */
export function product(a: Tensor, b: Tensor, transposed: 'neither' | 'a' | 'b' = 'neither', shape?: number[]): Tensor {
  const [aRows, aColumns] = matrixShape(a)
  const [bRows, bColumns] = matrixShape(b)
  const [transposeA, transposeB] = [transposed === 'a', transposed === 'b']
  const outShape = shape ?? [transposeA ? aColumns : aRows, transposeB ? bRows : bColumns]
  // Over no rows: stock backends leave the result of an empty product unwritten.
  if (a.size === 0 || b.size === 0) return zeros(outShape)
  const inputs = { a: view(a, [1, aRows, aColumns]), b: view(b, [1, bRows, bColumns]) }
  return callKernel(BatchMatMul, inputs, { transposeA, transposeB }, outShape)[0] as Tensor
}

/** `x · weight + bias` over the last axis. */
export function affine(x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const [rows, inputs] = matrixShape(x)
  const outputs = weight.shape[1] as number
  const operands = { a: view(x, [1, rows, inputs]), b: view(weight, [1, inputs, outputs]) }
  const attrs = { transposeA: false, transposeB: false, activation: 'linear', leakyreluAlpha: 0 }
  const shape = [...x.shape.slice(0, -1), outputs]
  return callKernel(_FusedMatMul, bias ? { ...operands, bias } : operands, attrs, shape)[0] as Tensor
}

/** Sum over all axes but the last: the gradient of a bias. A new tensor at each call. */
export function sumOfRows(x: Tensor): Tensor {
  const [rows, size] = matrixShape(x)
  if (rows === 0) return zeros([size])
  return callKernel(Sum, { x: view(x, [rows, size]) }, { axis: [0], keepDims: false })[0] as Tensor
}

/** Of two biases that are added to the same rows. The sum over all rows is taken once. */
export function biasGradients(dGates: Tensor): { inputBias: () => Tensor; recurrentBias: () => Tensor } {
  let first: Tensor | undefined
  const gradient = () => {
    if (first === undefined) {
      first = sumOfRows(dGates)
      return first
    }
    // A copy: whoever adds gradients up writes into them.
    return callKernel(Slice, { x: first }, { begin: [0], size: first.shape })[0] as Tensor
  }
  return { inputBias: gradient, recurrentBias: gradient }
}

/** One gate, or several side by side, of `[..., gates · size]`. */
export function gateOf(gates: Tensor, index: number, size: number, count = 1): Tensor {
  const leading = gates.shape.slice(0, -1)
  return slice(gates, [...leading.map(() => 0), index * size], [...leading, count * size])
}

// --- Internal helpers ---

const matrixShape = ({ shape }: Tensor): [number, number] => [sizeOf(shape.slice(0, -1)), shape.at(-1) as number]
