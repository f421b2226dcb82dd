import { LevinError } from './errors.js'
import type { Shard, StoredTensor } from './stored-tensor.js'

/** How a parameter may be divided among the ranks that share its layer. */
export interface ParameterSplit {
  readonly axis: number
  /** Elements along the axis that stay together, such as those of one head of attention. Default 1. */
  readonly unit?: number
}

/**
 * The part of a parameter that rank `index` of `count` holds: as many units as the others, or one more.
 *
 * @throws LEVIN_NOT_SUPPORTED if there are fewer units than ranks
 */
export function splitShard(
  { path, shape }: StoredTensor,
  { axis, unit = 1 }: ParameterSplit,
  index: number,
  count: number,
): Shard {
  const size = shape[axis] as number
  const units = size / unit
  if (units < count) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `'${path}' cannot be divided over ${count} ranks.`,
      expected: `at least ${count} parts along axis ${axis} of [${shape.join(', ')}]`,
      found: unit === 1 ? `${units}` : `${units} of ${unit} elements each`,
      remedy: 'Use fewer ranks for the tensor axis, or take the layer out of the plan.',
    })
  }
  const [start, end] = [index, index + 1].map((each) => Math.floor((each * units) / count) * unit) as [number, number]
  return {
    start: shape.map((_, each) => (each === axis ? start : 0)),
    shape: shape.map((length, each) => (each === axis ? end - start : length)),
  }
}
