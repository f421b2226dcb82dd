import type { LayerSharing, ShardSlice } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { partOf } from './feature-part.js'

/**
 * How the activations of this rank lie in those of one device, for random numbers: features where layers are shared, stretches of
 * sequences outside of them. `undefined` for all of it.
 *
 * @param x `[samples, …, features]`, or `[samples, time, …]`
 */
export function activationSlice(x: Tensor, sharing: LayerSharing | undefined): ShardSlice | undefined {
  if (sharing === undefined) return undefined
  const part = partOf(x)
  // Within shared layers the ranks of the tensor axis have all of a sequence, or of the stretch of their context.
  const stretch = x.rank < 3 ? undefined : part ? sharing.context : sharing.sequence
  if (!part && !stretch) return undefined
  const last = x.rank - 1
  const globalShape = [...x.shape]
  const start = x.shape.map(() => 0)
  if (stretch) {
    const time = x.shape[1] as number
    globalShape[1] = time * stretch.count
    start[1] = time * stretch.index
  }
  if (part) {
    globalShape[last] = part.whole
    start[last] = part.start
  }
  return { globalShape, start }
}
