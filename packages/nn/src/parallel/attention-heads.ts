import { type Layer, LevinError, layerName, type StepContext, type TensorRanks } from '@levin/core'
import { slice, type Tensor } from '@tensorflow/tfjs-core'
import type { Linear } from '../layers/linear.js'
import { enterShared } from './enter-shared.js'
import { ownPart } from './own-part.js'

/** The linear layers of an attention. */
export interface Projections {
  readonly query: Linear
  readonly key: Linear
  readonly value: Linear
  readonly out: Linear
}

/** Which heads a rank computes. */
export interface OwnHeads {
  readonly start: number
  readonly count: number
}

/** Whether the three that go in have their heads on different ranks. */
export const areHeadsParted = ({ query, key, value }: Projections): boolean =>
  [query, key, value].every(({ parallel }) => parallel === 'column')

/**
 * The ranks that an attention's heads are divided among; `undefined` where each computes all of them.
 *
 * @throws LEVIN_NOT_SUPPORTED for layers that are not shared in one way, and where a rank has a stretch of the sequences that it
 * would attend within
 */
export function headRanks(
  attention: Layer<never, unknown> & Projections,
  { sharing }: StepContext,
): TensorRanks | undefined {
  const ranks = sharing?.tensor
  if (ranks === undefined) return undefined
  const { query, key, value, out } = attention
  const parted = [...[query, key, value].map(({ parallel }) => isParted(parallel)), out.parallel === 'row']
  if (parted.some((each) => each !== parted[0]) || isParted(out.parallel)) throw sharedInPart(attention)
  if (areHeadsParted(attention)) return ranks
  if (ranks.splitsSequence) throw stretchesAlone(attention)
  return undefined
}

/** The heads of this rank. */
export function ownHeads({ query }: Projections, heads: number, ranks: TensorRanks | undefined): OwnHeads {
  if (ranks === undefined) return { start: 0, count: heads }
  const { start, length, whole } = ownPart(query.weight, ranks)
  const size = whole / heads
  return { start: start / size, count: length / size }
}

/** What goes in, entered once however often it is used, so that going back there is one sum and not three. */
export function enterOnce<T extends Tensor>(inputs: readonly [T, T, T], ranks: TensorRanks | undefined): [T, T, T] {
  if (ranks === undefined) return [...inputs]
  const entered = new Map<T, T>()
  for (const input of inputs) if (!entered.has(input)) entered.set(input, enterShared(input, ranks))
  return inputs.map((input) => entered.get(input) as T) as [T, T, T]
}

/** The rows of a mask `[1 or batch, 1 or heads, queries, keys]` that belong to a rank's heads. */
export function maskOfHeads(mask: Tensor, { start, count }: OwnHeads): Tensor {
  const [batch, heads, queries, keys] = mask.shape as [number, number, number, number]
  return heads === 1 || heads === count ? mask : slice(mask, [0, start, 0, 0], [batch, count, queries, keys])
}

// --- Internal helpers ---

const isParted = (style: string | undefined): boolean => style === 'column' || style === 'vocabulary'

const sharedInPart = (attention: Layer<never, unknown> & Projections): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The layers of ${layerName(attention)} are not shared in one way.`,
    expected: "'query', 'key' and 'value' as 'column' and 'out' as 'row', or none of them",
    found: (['query', 'key', 'value', 'out'] as const)
      .map((name) => `'${name}' ${attention[name].parallel ? `as '${attention[name].parallel}'` : 'whole'}`)
      .join(', '),
    remedy: "Share the attention itself, as 'heads'.",
  })

const stretchesAlone = (attention: Layer<never, unknown>): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${layerName(attention)} needs all of a sequence, of which each rank has a stretch.`,
    expected: 'an attention that the ranks share',
    found: 'one that is not in the plan, with sequence parallelism',
    remedy: "Share it as 'heads', or turn sequence parallelism off.",
  })
