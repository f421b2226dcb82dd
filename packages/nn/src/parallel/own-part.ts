import { type LayerRanks, type Parameter, splitShard } from '@levin/core'
import type { FeaturePart } from './feature-part.js'

/** What a rank holds of a parameter along the axis that is divided. */
export interface OwnPart extends FeaturePart {
  readonly length: number
}

/** The part of a parameter with a `split` that this rank holds, as strategies divide it. */
export function ownPart(parameter: Parameter, { index, count }: LayerRanks): OwnPart {
  const { split = { axis: 0 }, shape } = parameter
  const shard = splitShard(parameter, split, index, count)
  const [start, length, whole] = [shard.start, shard.shape, shape].map((sizes) => sizes[split.axis]) as [
    number,
    number,
    number,
  ]
  return { start, length, whole }
}
