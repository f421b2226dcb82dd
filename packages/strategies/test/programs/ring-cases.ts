import { type LayerRanks, record } from '@levin/core'
import { type RingAttentionOptions, ringAttention } from '@levin/nn'
import { attention } from '@levin/ops'
import { add, memory, slice, type Tensor, type Tensor3D, tensor, tidy } from '@tensorflow/tfjs-core'
import { stepAt } from './ring-step.js'

/** Attention of sequences that ranks divide, as plain data. */
export interface RingCase {
  readonly name: string
  /** Of the whole. */
  readonly queries: number
  readonly keys: number
  readonly causal?: boolean
  /** The axes of which the mask is 1. */
  readonly mask?: readonly ('batch' | 'heads' | 'queries')[]
  /** Which samples' keys are masked by themselves: none, some of the keys, or all of the first sample's. */
  readonly keyMask?: 'some' | 'all'
  readonly dropout?: number
}

export const BATCH = 2
export const HEADS = 2
export const SIZE = 3
export const VALUE_SIZE = 2

/** What is computed, as arrays. */
export interface RingResult {
  readonly y: number[]
  /** Of query, key and value. */
  readonly gradients: readonly number[][]
  readonly leaked: number
}

/** All of it on one device. */
export function wholeAttention(plan: RingCase): RingResult {
  return inScope(() => {
    const { query, key, value, mask, keyMask, dy } = operands(plan)
    const shape: [number, number, number, number] = [BATCH, HEADS, plan.queries, plan.keys]
    const stream = stepAt().random('attention')
    const { causal, dropout: rate } = plan
    return differentiated([query, key, value], dy, () =>
      attention(query, key, value, {
        heads: HEADS,
        causal,
        mask: mask && keyMask ? add(mask, keyMask) : (mask ?? keyMask),
        dropout:
          rate === undefined
            ? undefined
            : { rate, key: stream.key, layout: stream.layout(shape), draw: () => stream.uniform(shape) },
      }),
    )
  })
}

/** The part of a rank. */
export function ringPart(plan: RingCase, ranks: LayerRanks): RingResult {
  return inScope(() => {
    const { query, key, value, mask, keyMask, dy } = operands(plan)
    const [q, k, v, upstream] = [query, key, value, dy].map((x) => stretch(x, 1, ranks)) as [
      Tensor3D,
      Tensor3D,
      Tensor3D,
      Tensor,
    ]
    const { causal, dropout: rate } = plan
    const options: RingAttentionOptions = {
      heads: HEADS,
      causal,
      mask: mask && (mask.shape[2] === 1 ? mask : stretch(mask, 2, ranks)),
      keyMask: keyMask && stretch(keyMask, 3, ranks),
      dropout: rate === undefined ? undefined : { rate, stream: stepAt().random('attention') },
    }
    return differentiated([q, k, v], upstream, () => ringAttention(q, k, v, ranks, options))
  })
}

/** The part of a rank along an axis: the `index`-th of `count` equal ones. */
export function stretch<T extends Tensor>(
  x: T,
  axis: number,
  { index, count }: Pick<LayerRanks, 'index' | 'count'>,
): T {
  const size = x.shape.map((length, at) => (at === axis ? length / count : length))
  const begin = x.shape.map((_, at) => (at === axis ? index * (size[axis] as number) : 0))
  return slice(x, begin as [number], size as [number]) as T
}

/** Numbers in [-2, 2) that look random and are the same everywhere. */
export function numbers(shape: readonly number[], seed: number): Tensor {
  let state = Math.imul(seed, 2654435761)
  const count = shape.reduce((product, size) => product * size, 1)
  const values = Float32Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0
    return ((state >>> 8) / 2 ** 24) * 4 - 2
  })
  return tensor(values, [...shape], 'float32')
}

// --- Internal helpers ---

/** `tidy`, for what is no tensor any more. */
function inScope<T>(f: () => T): T {
  let result: T | undefined
  tidy(() => {
    result = f()
  })
  return result as T
}

function operands({ queries, keys, mask, keyMask }: RingCase) {
  const axes = { batch: BATCH, heads: HEADS, queries }
  const shape = (['batch', 'heads', 'queries'] as const).map((axis) => (mask?.includes(axis) ? 1 : axes[axis]))
  return {
    query: numbers([BATCH, queries, HEADS * SIZE], 1) as Tensor3D,
    key: numbers([BATCH, keys, HEADS * SIZE], 2) as Tensor3D,
    value: numbers([BATCH, keys, HEADS * VALUE_SIZE], 3) as Tensor3D,
    dy: numbers([BATCH, queries, HEADS * VALUE_SIZE], 4),
    mask: mask && hiding(numbers([...shape, keys], 5), (i) => i % 3 === 1),
    keyMask: keyMask && hiding(numbers([BATCH, 1, 1, keys], 6), (i) => (keyMask === 'all' ? i < keys : i % 4 === 2)),
  }
}

function hiding(x: Tensor, isHidden: (index: number) => boolean): Tensor {
  const values = x.dataSync().map((value, i) => (isHidden(i) ? -Infinity : value))
  return tensor(values, x.shape, 'float32')
}

function differentiated(sources: readonly Tensor[], dy: Tensor, f: () => Tensor): RingResult {
  const before = memory().numTensors
  const tape = record(f, sources)
  const y = [...tape.outputs.dataSync()]
  const gradients: number[][] = []
  tape.backward([dy], (_source, gradient, index) => {
    gradients[index] = [...gradient.dataSync()]
    gradient.dispose()
  })
  tape.dispose()
  return { y, gradients, leaked: memory().numTensors - before }
}
