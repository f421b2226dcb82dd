import {
  add,
  backend_util,
  broadcastTo,
  cast,
  cumprod,
  cumsum,
  einsum,
  equal,
  expandDims,
  type GradConfig,
  mul,
  range,
  reshape,
  scatterND,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  tidy,
  transpose,
  unsortedSegmentSum,
  util,
  zeros,
} from '@tensorflow/tfjs-core'
import { broadcastRepairs } from './broadcast-gradients.js'
import { mirrorPadGradient } from './mirror-pad-gradient.js'

/** d/dx of `einsum`: the same contraction with the output in the operand's place. */
const einsumGradient: GradConfig = {
  kernelName: 'Einsum',
  saveAllInputs: true,
  gradFunc: (dy, saved, attributes) => {
    const equation = (attributes['equation'] as string).replace(/\s/g, '')
    const [terms = '', output = ''] = equation.split('->')
    const operands = terms.split(',')
    const gradients = operands.map((term, i) => () => {
      const others = operands.filter((_, j) => j !== i)
      const values = saved.filter((_, j) => j !== i)
      return contractInto(term, (saved[i] as Tensor).shape, output, dy as Tensor, others, values)
    })
    return gradients as unknown as Record<string, () => Tensor>
  },
}

/** Contracts `dy` with the other operands down to `term`, and spreads it over the axes that only `term` had. */
function contractInto(
  term: string,
  shape: readonly number[],
  output: string,
  dy: Tensor,
  otherTerms: readonly string[],
  others: readonly Tensor[],
): Tensor {
  const available = new Set([...output, ...otherTerms.join('')])
  const shared = [...term].filter((axis) => available.has(axis)).join('')
  const contracted = einsum(`${[output, ...otherTerms].join(',')}->${shared}`, dy, ...others)
  if (shared.length === term.length) return contracted
  // An axis that was summed away and that no other operand has: every element along it has the same gradient.
  const expanded = shape.map((size, i) => (available.has(term[i] as string) ? size : 1))
  return broadcastTo(reshape(contracted, expanded), [...shape] as [number])
}

/**
 * d/dx of `cumprod`, exact also where an element is zero, unlike the usual division by x.
 *
 * y_i = ∏_{j ≤ i} x_j, so dx_k = Σ_{i ≥ k} dy_i ∏_{j ≤ i, j ≠ k} x_j. The products without one factor need memory
 * quadratic in the length of the axis.
 */
const cumprodGradient: GradConfig = {
  kernelName: 'Cumprod',
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attributes) => {
    const { axis, exclusive, reverse } = attributes as unknown as CumulativeAttributes
    return { x: () => tidy(() => differentiateProducts(dy as Tensor, saved[0] as Tensor, axis, exclusive, reverse)) }
  },
}

interface CumulativeAttributes {
  axis: number
  exclusive: boolean
  reverse: boolean
}

function differentiateProducts(dy: Tensor, x: Tensor, axis: number, exclusive: boolean, reverse: boolean): Tensor {
  const last = x.rank - 1
  const order = backend_util.getAxesPermutation([axis], x.rank)
  const rows = order === null || order === undefined ? x : transpose(x, order)
  const gradients = order === null || order === undefined ? dy : transpose(dy, order)
  const length = rows.shape[last] as number
  // factors[…, k, j]: x_j, or 1 where j = k.
  // Not by oneHot: it takes no length of one, and in float32 the wasm backend's writes the bits of integers.
  const places = range(0, length, 1, 'int32')
  const identity = cast(equal(expandDims(places, 1), places), 'float32')
  const factors = add(mul(expandDims(rows, last), sub(1, identity)), identity)
  const products = cumprod(factors, last + 1, exclusive, reverse)
  // contributes[k, i]: whether x_k is a factor of y_i. The running sum of the identity is 1 from k on.
  const contributes = cumsum(identity, 1, exclusive, reverse)
  const dx = sum(mul(mul(expandDims(gradients, last), products), contributes), last + 1)
  return order === null || order === undefined ? dx : transpose(dx, backend_util.getUndoAxesPermutation(order))
}

/** d/dx of `topk`: each value's gradient goes back to the place it came from. */
const topkGradient: GradConfig = {
  kernelName: 'TopK',
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dys, saved) => ({
    x: () =>
      tidy(() => {
        const [dy] = dys as Tensor[]
        const [x, indices] = saved as [Tensor, Tensor]
        const columns = x.shape.at(-1) as number
        const chosen = indices.shape.at(-1) as number
        const rows = x.size / columns
        const offsets = reshape(range(0, x.size, columns, 'int32'), [rows, 1])
        const places = reshape(add(reshape(indices, [rows, chosen]), offsets), [rows * chosen]) as Tensor1D
        return reshape(unsortedSegmentSum(reshape(dy as Tensor, [rows * chosen]), places, x.size), x.shape)
      }),
  }),
}

/** d/dx of `gatherND`: gradients are added up where an index occurs twice. */
const gatherNdGradient: GradConfig = {
  kernelName: 'GatherNd',
  inputsToSave: ['params', 'indices'],
  gradFunc: (dy, saved) => {
    const [params, indices] = saved as [Tensor, Tensor]
    return {
      indices: () => zeros(indices.shape as [number]),
      params: () => scatterND(cast(indices, 'int32'), dy as Tensor, params.shape as [number]),
    }
  },
}

/** d/dx of `cumsum`. tfjs's own permutes the result once too often unless the axis is the last. */
const cumsumGradient: GradConfig = {
  kernelName: 'Cumsum',
  gradFunc: (dy, _saved, attributes) => {
    const { axis, exclusive, reverse } = attributes as unknown as CumulativeAttributes
    return { x: () => cumsum(dy as Tensor, axis, exclusive, !reverse) }
  },
}

/**
 * d/dx of `gather`. tfjs's own keeps the whole table alive, calls chained methods that tfjs-core alone does not have
 * when `batchDims` is 1, is wrong for more, and gives integers for the indices, so that `tf.grad` refuses them.
 */
const gatherGradient: GradConfig = {
  kernelName: 'GatherV2',
  inputsToSave: ['x', 'indices'],
  gradFunc: (dy, saved, attributes) => {
    const [x, indices] = saved as [Tensor, Tensor]
    const { axis, batchDims } = attributes as unknown as { axis: number; batchDims: number }
    return {
      x: () =>
        tidy(() => scatterAdd(dy as Tensor, indices, x.shape, util.parseAxisParam(axis, x.shape)[0] ?? 0, batchDims)),
      indices: () => zeros(indices.shape as [number]),
    }
  },
}

/**
 * Adds slices of `dy` [batch…, outer…, indices…, inner…] into zeros of `shape` [batch…, outer…, size, inner…].
 *
 * The segment sum works along the first axis, so batches become part of the segment number.
 */
function scatterAdd(dy: Tensor, indices: Tensor, shape: readonly number[], axis: number, batchDims: number): Tensor {
  const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1)
  const batch = product(shape.slice(0, batchDims))
  const outer = product(shape.slice(batchDims, axis))
  const size = shape[axis] as number
  const inner = product(shape.slice(axis + 1))
  const count = indices.size / batch
  const values = reshape(transpose(reshape(dy, [batch, outer, count, inner]), [0, 2, 1, 3]), [
    batch * count,
    outer,
    inner,
  ])
  const offsets = reshape(range(0, batch * size, size, 'int32'), [batch, 1])
  const segments = batch === 1 ? indices : add(reshape(indices, [batch, count]), offsets)
  const sums = unsortedSegmentSum(values, reshape(segments, [batch * count]) as Tensor1D, batch * size)
  return reshape(transpose(reshape(sums, [batch, size, outer, inner]), [0, 2, 1, 3]), [...shape])
}

/** Gradients that tfjs lacks altogether. */
export const additions: readonly GradConfig[] = [einsumGradient, cumprodGradient, topkGradient, gatherNdGradient]

/** Gradients of tfjs that are wrong or fail without its chained methods; these take their place. */
export const repairs: readonly GradConfig[] = [cumsumGradient, gatherGradient, mirrorPadGradient, ...broadcastRepairs]
