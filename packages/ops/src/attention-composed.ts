import {
  add,
  cast,
  concat,
  div,
  equal,
  exp,
  fill,
  log,
  matMul,
  max,
  maximum,
  mul,
  scalar,
  slice,
  sub,
  sum,
  type Tensor,
  tensor2d,
  tidy,
  transpose,
  where,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core'
import type { AttentionAttrs } from './attention.js'
import { type DropoutOptions, scaledMask } from './dropout.js'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { reshaped } from './reshaped.js'

/**
 * Attention made of tfjs's ops, for backends without the kernel.
 *
 * Heads become an axis before the positions, and as many samples and heads are taken at a time as have scores of 4 MiB
 * together: enough for large products, and a bound on memory that does not grow with the batch.
 */
const MOST_SCORES = 2 ** 20

/** Below every score, above -Infinity: what a row without keys is measured from. */
const LOWEST = -3e38

export interface AttentionOperands {
  query: Tensor
  key: Tensor
  value: Tensor
  mask?: Tensor
}

export interface AttentionMasks {
  mask?: Tensor
  dropMask?: Tensor
}

interface ComposedAttention {
  y: Tensor
  /** `[batch, heads, queries]` */
  logSumExp: Tensor
  /** `[batch, heads, queries, keys]`, where there is dropout and no kernel for it. */
  dropMask: Tensor | undefined
}

export function composedAttention(
  inputs: AttentionOperands,
  attrs: AttentionAttrs,
  dropout: DropoutOptions | undefined,
): ComposedAttention {
  const shape = shapeOf(inputs, attrs)
  const [batch, heads, queries] = shape
  if (isNothing(shape)) {
    const y = zeros([batch, queries, inputs.value.shape[2] as number])
    return { y, logSumExp: fill([batch, heads, queries], Infinity), dropMask: undefined }
  }
  const { query, key, value, mask } = splitHeads(inputs, attrs)
  const causal = causalMask(shape, attrs)
  const dropMask = drawnMask(shape, attrs, dropout)
  const mayHideAll = mask !== undefined || (attrs.causal && attrs.causalOffset < 0)
  const parts = blocksOf(shape).map((block) =>
    tidy(() => {
      const scores = scoresOf(part(query, block), part(key, block), [part(mask, block), causal])
      const highest = maximum(max(scores, 3, true), LOWEST)
      const weights = exp(sub(scores, highest))
      const sums = sum(weights, 3, true)
      const kept = dropped(weights, attrs, block, part(dropMask, block))
      const isEmpty = mayHideAll ? equal(sums, 0) : undefined
      // The division is of the result, which is smaller than the scores.
      const divisor = isEmpty === undefined ? sums : add(sums, cast(isEmpty, 'float32'))
      const logSumExp = add(highest, log(divisor))
      return [
        div(matMul(kept, part(value, block)), divisor),
        isEmpty === undefined ? logSumExp : where(isEmpty, scalar(Infinity), logSumExp),
      ] as const
    }),
  )
  const y = joinHeads(
    together(
      parts.map(([result]) => result),
      shape,
    ),
  )
  const logSumExp = together(
    parts.map(([, sums]) => sums),
    shape,
  )
  return { y, logSumExp: reshaped(logSumExp, [batch, heads, queries]), dropMask }
}

export interface AttentionResults extends AttentionOperands {
  dy: Tensor
  y: Tensor
  logSumExp: Tensor
}

/** `[dQuery, dKey, dValue]` */
export function composedAttentionGradients(
  { dy, y, logSumExp, ...inputs }: AttentionResults,
  attrs: AttentionAttrs,
  dropout: DropoutOptions | undefined,
  savedDropMask: Tensor | undefined,
): [Tensor, Tensor, Tensor] {
  return tidy(() => {
    const shape = shapeOf(inputs, attrs)
    const [batch, heads, queries] = shape
    if (isNothing(shape)) return [zerosLike(inputs.query), zerosLike(inputs.key), zerosLike(inputs.value)]
    const { query, key, value, mask } = splitHeads(inputs, attrs)
    const causal = causalMask(shape, attrs)
    const dropMask = savedDropMask ?? drawnMask(shape, attrs, dropout)
    const [upstream, result] = [headsFirst(dy, heads), headsFirst(y, heads)]
    const rowSums = reshaped(logSumExp, [batch, heads, queries, 1])
    const parts = blocksOf(shape).map((block) =>
      tidy(() => {
        const [q, k, v, du] = [part(query, block), part(key, block), part(value, block), part(upstream, block)]
        const scores = scoresOf(q, k, [part(mask, block), causal])
        const probabilities = exp(sub(scores, part(rowSums, block)))
        const drop = (x: Tensor) => dropped(x, attrs, block, part(dropMask, block))
        const dValue = matMul(drop(probabilities), du, true, false)
        const dProbabilities = drop(matMul(du, v, false, true))
        // What the softmax takes back: the mean of the gradient under the probabilities, which is dy · y.
        const shared = sum(mul(du, part(result, block)), 3, true)
        const dScores = mul(probabilities, sub(dProbabilities, shared))
        return [mul(matMul(dScores, k), attrs.scale), matMul(dScores, q, true, false), dValue] as const
      }),
    )
    const gradient = (index: 0 | 1 | 2) =>
      joinHeads(
        together(
          parts.map((all) => all[index]),
          shape,
        ),
      )
    return [gradient(0), gradient(1), gradient(2)]
  })
}

// --- Internal helpers ---

type Shape = readonly [batch: number, heads: number, queries: number, keys: number]

/** Some samples and heads. */
interface Block {
  readonly start: readonly [sample: number, head: number]
  readonly size: readonly [samples: number, heads: number]
}

const shapeOf = ({ query, key }: AttentionOperands, { heads }: AttentionAttrs): Shape => [
  query.shape[0] as number,
  heads,
  query.shape[1] as number,
  key.shape[1] as number,
]

/** Whether there are no scores at all. Stock backends do not define sums and products over nothing. */
const isNothing = (shape: Shape): boolean => shape.includes(0)

/** Whole samples where one has few scores, else heads of one sample. */
function blocksOf([batch, heads, queries, keys]: Shape): Block[] {
  const perHead = Math.max(queries * keys, 1)
  const samples = Math.max(Math.floor(MOST_SCORES / (perHead * heads)), 1)
  const headCount = samples > 1 ? heads : Math.min(Math.max(Math.floor(MOST_SCORES / perHead), 1), heads)
  const blocks: Block[] = []
  for (let sample = 0; sample < batch; sample += samples) {
    for (let head = 0; head < heads; head += headCount) {
      const size = [Math.min(samples, batch - sample), Math.min(headCount, heads - head)] as const
      blocks.push({ start: [sample, head], size })
    }
  }
  return blocks
}

/** A block of `[1 or batch, 1 or heads, …]`. */
function part<T extends Tensor | undefined>(x: T, { start, size }: Block): T {
  if (x === undefined) return x
  const [samples, heads, rows, columns] = x.shape as [number, number, number, number]
  const begin = [samples === 1 ? 0 : start[0], heads === 1 ? 0 : start[1]]
  const length = [samples === 1 ? 1 : size[0], heads === 1 ? 1 : size[1]]
  if (length[0] === samples && length[1] === heads) return x
  return slice(x, [...begin, 0, 0], [...length, rows, columns] as [number, number, number, number]) as T
}

/** Blocks side by side, as `[batch, heads, …]`. */
function together(parts: Tensor[], [batch, heads]: Shape): Tensor {
  const [first] = parts as [Tensor]
  if (parts.length === 1) return first
  const [rows, columns] = first.shape.slice(2) as [number, number]
  // Blocks of heads of one sample, or of whole samples: both lie one after the other.
  const flat = parts.map((x) => reshaped(x, [(x.shape[0] as number) * (x.shape[1] as number), rows, columns]))
  return reshaped(concat(flat, 0), [batch, heads, rows, columns])
}

/** Scaled queries, so that the scores are not gone through once more. */
function splitHeads({ query, key, value, mask }: AttentionOperands, { heads, scale }: AttentionAttrs) {
  return {
    query: headsFirst(mul(query, scale), heads),
    key: headsFirst(key, heads),
    value: headsFirst(value, heads),
    mask,
  }
}

/** `[batch, positions, heads · size]` as `[batch, heads, positions, size]` */
function headsFirst(x: Tensor, heads: number): Tensor {
  const [batch, positions, features] = x.shape as [number, number, number]
  const split = [batch, positions, heads, features / heads]
  return heads === 1 ? reshaped(x, [batch, 1, positions, features]) : transpose(reshaped(x, split), [0, 2, 1, 3])
}

/** The way back. */
function joinHeads(x: Tensor): Tensor {
  const [batch, heads, positions, size] = x.shape as [number, number, number, number]
  return reshaped(heads === 1 ? x : transpose(x, [0, 2, 1, 3]), [batch, positions, heads * size])
}

function scoresOf(query: Tensor, key: Tensor, masks: readonly (Tensor | undefined)[]): Tensor {
  let scores = matMul(query, key, false, true)
  for (const mask of masks) if (mask !== undefined) scores = add(scores, mask)
  return scores
}

/** `[queries, keys]`: 0 for a key that the query sees, -Infinity for one after it. */
function causalMask([, , queries, keys]: Shape, { causal, causalOffset }: AttentionAttrs): Tensor | undefined {
  if (!causal) return undefined
  const values = new Float32Array(queries * keys)
  for (let row = 0; row < queries; row++) {
    const seen = Math.min(Math.max(row + causalOffset + 1, 0), keys)
    values.fill(-Infinity, row * keys + seen, (row + 1) * keys)
  }
  return tensor2d(values, [queries, keys])
}

function drawnMask(shape: Shape, attrs: AttentionAttrs, dropout: DropoutOptions | undefined): Tensor | undefined {
  if (dropout === undefined || attrs.dropoutRate === 0) return undefined
  return canDrop(attrs) ? undefined : scaledMask('attention', shape, dropout)
}

const canDrop = ({ dropoutRate }: AttentionAttrs): boolean => dropoutRate < 1 && hasKernel(kernelNames.dropout)

/** Dropout of one block, from the mask or by the kernel, which knows the place of the block in the whole. */
function dropped(x: Tensor, attrs: AttentionAttrs, block: Block, mask: Tensor | undefined): Tensor {
  if (mask !== undefined) return mul(x, mask)
  if (attrs.dropoutRate === 0) return x
  const { dropoutRate: rate, key0, key1, globalShape } = attrs
  const start = attrs.start.map((place, axis) => place + (block.start[axis] ?? 0))
  return callOwnKernel(kernelNames.dropout, { x }, { rate, key0, key1, globalShape, start })[0] as Tensor
}
