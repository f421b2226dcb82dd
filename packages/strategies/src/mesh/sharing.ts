import type { LayerSharing, TensorRanks } from '@levin/core'
import { GroupLayerRanks } from '../group/layer-ranks.js'
import type { TensorAccess } from '../group/tensor-access.js'
import type { MeshGroups } from './groups.js'

/** What layers see of the ranks that compute them with this one. */
export function sharingOf(
  { tensor, context }: MeshGroups,
  access: TensorAccess,
  splitsSequence: boolean,
): LayerSharing {
  const ranksOf = (group: MeshGroups['tensor']) =>
    group.size > 1 && group.blocking ? new GroupLayerRanks(group, group.blocking, access) : undefined
  const tensorRanks = ranksOf(tensor)
  const stretches = splitsSequence ? tensor.size : 1
  const count = context.size * stretches
  return {
    tensor: tensorRanks && (Object.assign(tensorRanks, { splitsSequence }) satisfies TensorRanks),
    context: ranksOf(context),
    sequence: count > 1 ? { index: context.rank * stretches + (splitsSequence ? tensor.rank : 0), count } : undefined,
  }
}
