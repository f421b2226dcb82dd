// Einstein summation by the matrix product: the axes of two operands are sorted into those of both and of the result
// (batch), of both and not of the result (summed), and of one operand alone; what is left is one batched product.
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core'
import { type KernelCall, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import type { Runtime } from '../runtime.js'
import { multiplyMatrices } from './matmul.js'

/** A tensor whose axes have letters. `owned` says whether it was made here, and must be disposed of when it is used up. */
interface Term {
  readonly tensor: TensorInfo
  readonly axes: string
  readonly owned: boolean
}

function finish(runtime: Runtime, used: Term, tensor: TensorInfo, axes: string): Term {
  if (used.owned) runtime.dispose(used.tensor)
  return { tensor, axes, owned: true }
}

/** Sums over the axes that are not in `kept`. */
function sumAway(runtime: Runtime, term: Term, kept: string): Term {
  const axis = [...term.axes].flatMap((letter, index) => (kept.includes(letter) ? [] : [index]))
  if (axis.length === 0) return term
  const sum = runtime.run('Sum', { x: term.tensor }, { axis, keepDims: false })
  return finish(runtime, term, sum, [...term.axes].filter((letter) => kept.includes(letter)).join(''))
}

function transposeTo(runtime: Runtime, term: Term, axes: string): Term {
  if (axes === term.axes) return term
  const perm = [...axes].map((letter) => term.axes.indexOf(letter))
  return finish(runtime, term, runtime.run('Transpose', { x: term.tensor }, { perm }), axes)
}

/** The same data under another shape: a view, without a reference of its own. */
function view(term: Term, shape: number[]): TensorInfo {
  return { dataId: term.tensor.dataId, dtype: term.tensor.dtype, shape }
}

/**
 * A term as a stack of matrices `[batch, own, summed]`, or transposed `[batch, summed, own]` where it lies that way
 * already: the product reads either.
 */
function asMatrices(runtime: Runtime, term: Term, batch: string, own: string, summed: string) {
  const transposed = term.axes === batch + summed + own && term.axes !== batch + own + summed
  const sorted = transposed ? term : transposeTo(runtime, term, batch + own + summed)
  return { sorted, transposed }
}

/** The lengths of any of the axes of some terms. */
function lengths(terms: readonly Term[]): (axes: string) => number[] {
  const length = new Map(
    terms.flatMap(({ axes, tensor }) => [...axes].map((letter, index) => [letter, tensor.shape[index] ?? 1] as const)),
  )
  return (axes) => [...axes].map((letter) => length.get(letter) ?? 1)
}

function contract(runtime: Runtime, left: Term, right: Term, output: string): Term {
  const a = sumAway(runtime, left, output + right.axes)
  const b = sumAway(runtime, right, output + left.axes)
  const shape = lengths([a, b])
  const select = (axes: string, keep: (letter: string) => boolean) => [...axes].filter(keep).join('')
  const batch = select(output, (letter) => a.axes.includes(letter) && b.axes.includes(letter))
  const ownA = select(output, (letter) => !b.axes.includes(letter))
  const ownB = select(output, (letter) => !a.axes.includes(letter))
  const summed = select(a.axes, (letter) => b.axes.includes(letter) && !output.includes(letter))
  const matricesA = asMatrices(runtime, a, batch, ownA, summed)
  const matricesB = asMatrices(runtime, b, batch, ownB, summed)
  const count = sizeOf(shape(batch))
  const depth = sizeOf(shape(summed))
  const viewOf = (sorted: Term, own: string, transposed: boolean) =>
    view(sorted, transposed ? [count, depth, sizeOf(shape(own))] : [count, sizeOf(shape(own)), depth])
  const product = multiplyMatrices(
    runtime,
    viewOf(matricesA.sorted, ownA, matricesA.transposed),
    viewOf(matricesB.sorted, ownB, matricesB.transposed),
    matricesA.transposed,
    !matricesB.transposed,
  )
  for (const { sorted } of [matricesA, matricesB]) if (sorted.owned) runtime.dispose(sorted.tensor)
  const axes = batch + ownA + ownB
  return { tensor: { ...product, shape: shape(axes) }, axes, owned: true }
}

/** Broadcast, multiply and sum, as tfjs's other backends do: for integers, which have no matrix product here. */
function multiplyAndSum(runtime: Runtime, left: Term, right: Term, output: string): Term {
  const all = [...new Set(output + left.axes + right.axes)].join('')
  const shape = lengths([left, right])
  const expand = (term: Term) => {
    const sorted = transposeTo(runtime, term, [...all].filter((letter) => term.axes.includes(letter)).join(''))
    const expanded = [...all].map((letter) => (term.axes.includes(letter) ? (shape(letter)[0] ?? 1) : 1))
    return { sorted, tensor: view(sorted, expanded) }
  }
  const a = expand(left)
  const b = expand(right)
  const product = runtime.run('Multiply', { a: a.tensor, b: b.tensor })
  for (const { sorted } of [a, b]) if (sorted.owned) runtime.dispose(sorted.tensor)
  return sumAway(runtime, { tensor: product, axes: all, owned: true }, output)
}

/** The letters of the equation; tfjs's own reader refuses what is no valid equation, and what does not fit the tensors. */
function parseEquation(equation: string, tensors: TensorInfo[]): { inputs: string[]; output: string } {
  const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length)
  backend_util.checkEinsumDimSizes(
    allDims.length,
    idDims,
    tensors as Parameters<typeof backend_util.checkEinsumDimSizes>[2],
  )
  const [left = '', output = ''] = equation.replace(/\s/g, '').split('->')
  if (new Set(output).size !== output.length) {
    throw new Error(`Expected every axis once in the output of an einsum, found '${output}' in '${equation}'.`)
  }
  return { inputs: left.split(','), output }
}

function computeEinsum(call: KernelCall): TensorInfo {
  const { runtime } = call
  const tensors = Object.values(call.inputs).filter((tensor) => tensor !== undefined)
  const { inputs, output } = parseEquation(String(call.attrs['equation']), tensors)
  const [left, right] = tensors.map((tensor, index): Term => ({ tensor, axes: inputs[index] ?? '', owned: false }))
  if (left === undefined) throw new Error('Expected at least one tensor for einsum, found none.')
  let result = left
  if (right === undefined) {
    result = sumAway(runtime, left, output)
  } else {
    const floats = left.tensor.dtype === 'float32' && right.tensor.dtype === 'float32'
    const sums = [...left.axes].some((letter) => right.axes.includes(letter) && !output.includes(letter))
    // Without an axis to sum over, a product of matrices would be one of 1 × 1 matrices.
    result = floats && sums ? contract(runtime, left, right, output) : multiplyAndSum(runtime, left, right, output)
  }
  result = transposeTo(runtime, result, output)
  if (!result.owned) runtime.backend.incRef(result.tensor.dataId)
  return { ...result.tensor }
}

export const einsum: KernelDefinition = {
  name: 'Einsum',
  gain: 'new; a contraction of two float32 tensors is one batched matrix product',
  compute: computeEinsum,
}
