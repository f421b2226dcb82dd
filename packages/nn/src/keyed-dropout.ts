import type { RandomStream } from '@levin/core'
import { dropout } from '@levin/ops'
import type { Tensor } from '@tensorflow/tfjs-core'

/** Dropout by the uniforms of a stream, at the places of these samples among those of the whole window. */
export function keyedDropout(x: Tensor, rate: number, stream: RandomStream): Tensor {
  return dropout(x, {
    rate,
    key: stream.key,
    layout: stream.layout(x.shape),
    draw: () => stream.uniform(x.shape as [number]),
  })
}
