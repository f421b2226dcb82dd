import type { StepContext } from '@levin/core'
import { dropout } from '@levin/ops'
import type { Tensor } from '@tensorflow/tfjs-core'
import { activationSlice } from './parallel/activation-slice.js'

/** Dropout by the uniforms of `path`, at the places of these samples, positions and features among those of the whole window. */
export function keyedDropout(x: Tensor, rate: number, path: string, step: StepContext): Tensor {
  const stream = step.random(path)
  const slice = activationSlice(x, step.sharing)
  return dropout(x, {
    rate,
    key: stream.key,
    layout: stream.layout(x.shape, slice),
    draw: () => stream.uniform(x.shape as [number], slice),
  })
}
