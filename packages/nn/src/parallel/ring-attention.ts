import { describe, type LayerRanks, LevinError, type RandomStream } from '@levin/core'
import { type AttentionOptions, attentionBlock, attentionBlockGradients } from '@levin/ops'
import {
  add,
  customGrad,
  dispose,
  fill,
  type Rank,
  slice,
  type Tensor,
  type Tensor3D,
  type TensorContainer,
  tidy,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core'
import { joinBlocks } from './join-blocks.js'

export interface RingAttentionOptions {
  readonly heads: number
  /** Factor on the scores. Default `1 / √size`. */
  readonly scale?: number | undefined
  /** Whether a query sees only the keys up to its own position in the whole sequence. Default `false`. */
  readonly causal?: boolean | undefined
  /**
   * `[1 or batch, 1 or heads, 1 or queries, keys · ranks]` float32: of this rank's queries and the keys of all ranks, added to the
   * scaled scores; `-Infinity` hides a key. No gradient.
   */
  readonly mask?: Tensor | undefined
  /**
   * `[1 or batch, 1, 1, keys]` float32: of this rank's keys, added to the scaled scores of every query. Travels with the keys, so all
   * ranks have one or none has. No gradient.
   */
  readonly keyMask?: Tensor | undefined
  /** Dropout of the probabilities. Default: none. */
  readonly dropout?: RingDropout | undefined
}

/** Dropout of the probabilities by their places in the whole `[batch, heads, queries · ranks, keys · ranks]`. */
export interface RingDropout {
  /** Share of the probabilities dropped, 0 to 1. */
  readonly rate: number
  /** The same on all ranks. */
  readonly stream: RandomStream
  /** Where the heads lie among all, if other ranks compute others. Default: they are all there are. */
  readonly heads?: { readonly start: number; readonly whole: number } | undefined
}

/**
 * Attention within sequences of which each rank has a stretch: rank i the i-th of equally long ones (Liu et al. 2023, "Ring Attention
 * with Blockwise Transformers"). Exact: the same as `attention` of all stretches put together.
 *
 * Each rank keeps its queries; keys and values go round the ring, so that every rank has met all of them after `ranks - 1` hops.
 * What a rank finds in each block is joined by the blocks' sums of exponentials, as in a softmax whose maximum and sum are kept up to
 * date (Milakov & Gimelshein 2018). Going back, they go round again, with their gradients. The tape keeps query, key, value, masks,
 * the result and one number per row and head; besides, there are the keys and values of one other rank at a time, and as many scores
 * as `attention` has of one block.
 *
 * Each rank sends `4 · (ranks - 1) · batch · keys · (features + valueFeatures + m)` bytes forward and
 * `4 · (ranks - 1) · batch · keys · (2 · (features + valueFeatures) + m)` backward; m is 1 with a `keyMask` for each sample, else 0.
 * A causal block that is hidden altogether is handed on, but not computed: of n blocks the i-th rank has i to compute, and the others
 * wait for the last.
 *
 * All ranks call it together, with equal shapes and options, and walk back through it together. A query that sees no key on any rank
 * gives zeros, and no gradients.
 *
 * @param query `[batch, queries, heads · size]` float32: this rank's stretch, as are the others
 * @param key `[batch, keys, heads · size]`
 * @param value `[batch, keys, heads · valueSize]`
 * @returns `[batch, queries, heads · valueSize]`
 * @throws LEVIN_SHAPE for a mask that is not of the keys of all ranks
 */
export function ringAttention(
  query: Tensor3D,
  key: Tensor3D,
  value: Tensor3D,
  ranks: LayerRanks,
  options: RingAttentionOptions,
): Tensor3D {
  checkMask(key, ranks, options.mask)
  const attend = customGrad((...operands) => {
    const [q, k, v, save] = operands as unknown as [Tensor3D, Tensor3D, Tensor3D, (tensors: Tensor[]) => void]
    const { mask, keyMask } = options
    const { y, logSumExp } = forward(q, { k, v, keyMask }, { ranks, options })
    save([q, k, v, y, logSumExp, ...[mask, keyMask].filter((tensor) => tensor !== undefined)])
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [q, k, v, y, logSumExp, ...masks] = saved as [Tensor3D, Tensor3D, Tensor3D, Tensor, Tensor, ...Tensor[]]
      // The masks given may be gone; what was saved of them is not.
      const [mine, theirs] = [mask && masks.shift(), keyMask && masks.shift()]
      const ring = { ranks, options: { ...options, mask: mine } }
      return backward(q, { k, v, keyMask: theirs }, { y, logSumExp, dy }, ring)
    }
    return { value: y, gradFunc }
  })
  return attend(query, key, value) as Tensor3D
}

// --- Internal helpers ---

interface Ring {
  readonly ranks: LayerRanks
  readonly options: RingAttentionOptions
}

/** What goes round. */
interface Keys {
  readonly k: Tensor
  readonly v: Tensor
  readonly keyMask: Tensor | undefined
}

/** As a type, since `tidy` takes only what it knows to hold nothing but tensors. */
type Block = { readonly y: Tensor; readonly logSumExp: Tensor }

function forward(query: Tensor3D, own: Keys, ring: Ring): Block {
  const { ranks } = ring
  let found: Block | undefined
  let keys = own
  for (let hop = 0; hop < ranks.count; hop++) {
    if (hop > 0) keys = handOn(keys, own, ranks)
    const place = placeOf(query, keys, hop, ring)
    if (isHidden(place, ring)) continue
    found = replaced(found, () => {
      const block = attentionBlock(query, keys.k, keys.v, blockOptions(keys, place, ring))
      return { ...(found === undefined ? block : joinBlocks(found, block)) }
    })
  }
  if (keys !== own) disposeKeys(keys)
  return found ?? nothing(query, own.v, ring.options.heads)
}

/** The gradients of a rank's queries, and of the keys and values that are there. */
type Sums = [dQuery: Tensor, dKey: Tensor, dValue: Tensor]

/**
 * The gradient of a key sets out on the first rank that its key is handed to, and ends at home, where the rank's own part is
 * added: so it makes as many hops as the key.
 */
function backward(query: Tensor3D, own: Keys, whole: Block & { readonly dy: Tensor }, ring: Ring): Sums {
  const { ranks } = ring
  let sums: Sums = [zerosLike(query), zerosLike(own.k), zerosLike(own.v)]
  const visit = (keys: Keys, hop: number): void => {
    const place = placeOf(query, keys, hop, ring)
    if (isHidden(place, ring)) return
    sums = replaced(sums, () => {
      const parts = attentionBlockGradients(query, keys.k, keys.v, whole, blockOptions(keys, place, ring))
      return sums.map((sum, i) => add(sum, parts[i] as Tensor)) as Sums
    })
  }
  const handOnSums = (): void => {
    const [dQuery, ...sent] = sums
    sums = [dQuery, ...(ranks.rotate(sent) as [Tensor, Tensor])]
    dispose(sent)
  }
  let keys = own
  for (let hop = 1; hop < ranks.count; hop++) {
    keys = handOn(keys, own, ranks)
    if (hop > 1) handOnSums()
    visit(keys, hop)
  }
  if (keys !== own) {
    disposeKeys(keys)
    handOnSums()
  }
  visit(own, 0)
  return sums
}

/** What `next` makes, in the place of what was there. */
function replaced<T extends TensorContainer>(old: T | undefined, next: () => T): T {
  const made = tidy(next)
  if (old !== undefined) dispose(old)
  return made
}

/** The keys of the rank before, in the place of those that were here; the rank's own stay. */
function handOn(keys: Keys, own: Keys, ranks: LayerRanks): Keys {
  const { k, v, keyMask } = keys
  const [nextK, nextV, nextMask] = ranks.rotate(keyMask === undefined ? [k, v] : [k, v, keyMask])
  if (keys !== own) disposeKeys(keys)
  return { k: nextK as Tensor, v: nextV as Tensor, keyMask: nextMask }
}

function disposeKeys({ k, v, keyMask }: Keys): void {
  dispose(keyMask === undefined ? [k, v] : [k, v, keyMask])
}

/** Where the scores of a rank's queries and of the keys that are there lie in the whole `[batch, heads, queries, keys]`. */
interface Place {
  readonly shape: readonly [batch: number, heads: number, queries: number, keys: number]
  readonly firstQuery: number
  readonly firstKey: number
}

/** @param hop how many ranks the keys have come past */
function placeOf(query: Tensor3D, { k }: Keys, hop: number, { ranks, options }: Ring): Place {
  const { index, count } = ranks
  const [batch, queries] = query.shape
  const keys = k.shape[1] as number
  const owner = (index - hop + count) % count
  return { shape: [batch, options.heads, queries, keys], firstQuery: index * queries, firstKey: owner * keys }
}

/** Whether no query of the block may see any of its keys. */
const isHidden = ({ shape, firstQuery, firstKey }: Place, { options }: Ring): boolean =>
  options.causal === true && firstKey > firstQuery + shape[2] - 1

function blockOptions(keys: Keys, place: Place, { ranks, options }: Ring): AttentionOptions {
  const { heads, scale, causal = false, mask, dropout } = options
  const { shape, firstQuery, firstKey } = place
  return {
    heads,
    scale,
    causal,
    causalOffset: firstQuery - firstKey,
    mask: joined(keys.keyMask, mask && columns(mask, firstKey, shape[3])),
    dropout: dropout && dropoutOf(dropout, place, ranks.count),
  }
}

/** As the whole's, seen through the block. */
function dropoutOf({ rate, stream, heads }: RingDropout, { shape, firstQuery, firstKey }: Place, count: number) {
  const [batch, own, queries, keys] = shape
  const { start, whole } = heads ?? { start: 0, whole: own }
  const slice = {
    globalShape: [batch, whole, queries * count, keys * count],
    start: [0, start, firstQuery, firstKey],
  }
  const draw = () => stream.uniform<Rank.R4>([...shape], slice)
  return { rate, key: stream.key, layout: stream.layout(shape, slice), draw }
}

const joined = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined => (a && b ? add(a, b) : (a ?? b))

function columns(mask: Tensor, first: number, count: number): Tensor {
  const [batch, heads, queries] = mask.shape as [number, number, number, number]
  return slice(mask, [0, 0, 0, first], [batch, heads, queries, count])
}

/** What is found where there are no keys to see. */
function nothing(query: Tensor3D, value: Tensor, heads: number): Block {
  const [batch, queries] = query.shape
  return {
    y: zeros([batch, queries, value.shape[2] as number]),
    logSumExp: fill([batch, heads, queries], Number.POSITIVE_INFINITY),
  }
}

function checkMask(key: Tensor, { count }: LayerRanks, mask: Tensor | undefined): void {
  const keys = (key.shape[1] as number) * count
  if (mask === undefined || (mask.rank === 4 && mask.shape[3] === keys)) return
  throw new LevinError('LEVIN_SHAPE', {
    expected: `the mask of a ring attention to be [batch, heads, queries, ${keys}]: ${key.shape[1]} keys of each of ${count} ranks`,
    found: describe(mask),
    remedy:
      'Give a rank the rows of its own queries, and the columns of all keys; a mask of own keys alone is `keyMask`.',
  })
}
