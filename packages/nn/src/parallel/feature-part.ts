import type { Tensor } from '@tensorflow/tfjs-core'

/** Which of the features of the last axis a rank has between layers that are shared. */
export interface FeaturePart {
  readonly start: number
  /** How many there are over all ranks. */
  readonly whole: number
}

/**
 * What is known of tensors that came out of a shared layer, by their data, so that clones and other handles are known too, such as
 * those that a recomputed layer runs on.
 */
const PARTS = new WeakMap<object, FeaturePart & { readonly width: number }>()

/** Says which part of the features a tensor is; sequences are whole in it. */
export function markPart<T extends Tensor>(x: T, { start, whole }: FeaturePart): T {
  PARTS.set(x.dataId, { start, whole, width: x.shape[x.rank - 1] as number })
  return x
}

/** Which part of the features a tensor is; `undefined` outside of shared layers. */
export function partOf(x: Tensor): FeaturePart | undefined {
  const part = PARTS.get(x.dataId)
  return part !== undefined && part.width === x.shape[x.rank - 1] ? part : undefined
}

/** Whether ranks have different features in a tensor. */
export const isParted = (x: Tensor): boolean => {
  const part = partOf(x)
  return part !== undefined && part.whole !== x.shape[x.rank - 1]
}

/** What was computed of each element of `from` alone is the same part. */
export function carryPart<T extends Tensor>(from: Tensor, to: T): T {
  const part = partOf(from)
  return part !== undefined && to.shape[to.rank - 1] === from.shape[from.rank - 1] ? markPart(to, part) : to
}
