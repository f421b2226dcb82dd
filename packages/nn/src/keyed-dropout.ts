import type { RandomStream } from '@levin/core'
import { dropout } from '@levin/ops'
import type { Tensor } from '@tensorflow/tfjs-core'

/** Dropout by the uniforms of a stream, at the places of these samples among those of the whole window. */
export function keyedDropout(x: Tensor, rate: number, stream: RandomStream): Tensor {
  const features = x.shape.slice(1)
  // How many samples the window has is not known here, and changes no draw.
  const slice = { globalShape: [Number.POSITIVE_INFINITY, ...features], start: x.shape.map(() => 0) }
  return dropout(x, {
    rate,
    key: stream.key,
    layout: stream.layout(x.shape, slice),
    draw: () => stream.uniform(x.shape as [number], slice),
  })
}
