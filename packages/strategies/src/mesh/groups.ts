import { type ProcessGroup, SoloGroup } from '@levin/core'
import { type Axis, type AxisNumbers, colourOf, keyOf } from './layout.js'

/** The groups of one rank, along the axes of its mesh. */
export interface MeshGroups {
  readonly tensor: ProcessGroup
  readonly context: ProcessGroup
  /** Ordered from the first stage to the last. */
  readonly pipeline: ProcessGroup
  /** Ranks that hold the same parameters: along data and context. */
  readonly replicas: ProcessGroup
  destroy(): Promise<void>
}

const ALONG = {
  tensor: ['tensor'],
  context: ['context'],
  pipeline: ['pipeline'],
  replicas: ['data', 'context'],
} as const satisfies Record<string, readonly Axis[]>

/** All ranks take part, also in groups that they are alone in. */
export async function joinGroups(world: ProcessGroup, place: AxisNumbers, sizes: AxisNumbers): Promise<MeshGroups> {
  const made: ProcessGroup[] = []
  const along = async (axes: readonly Axis[]): Promise<ProcessGroup> => {
    const size = axes.reduce((product, axis) => product * sizes[axis], 1)
    if (size === 1) return new SoloGroup()
    // Stages are counted from the other end than ranks: a group of all would not be in their order.
    const group = await world.split(colourOf(place, sizes, axes), keyOf(place, sizes, axes))
    made.push(group)
    return group
  }
  return {
    tensor: await along(ALONG.tensor),
    context: await along(ALONG.context),
    pipeline: await along(ALONG.pipeline),
    replicas: await along(ALONG.replicas),
    async destroy() {
      for (const group of made.splice(0)) await group.destroy()
    },
  }
}
