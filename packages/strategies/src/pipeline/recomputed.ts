import { isRecording, mapTensors, recompute, type StepContext, tensorsIn } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { AnyLayer } from './stages.js'

/** A layer that keeps what goes into it alone, and runs once more in the walk back (Chen et al. 2016). */
export function recomputed(
  layer: AnyLayer,
  input: unknown,
  step: StepContext,
  next: (input: unknown) => unknown,
): unknown {
  if (!isRecording()) return next(input)
  const mark = step.mark()
  return recompute(
    (inputs, replaying) => {
      const run = () => next(withTensors(input, inputs))
      return replaying ? step.replay(mark, run) : run()
    },
    tensorsIn(input),
    layer.parameters().map(({ value }) => value),
  )
}

function withTensors(input: unknown, tensors: readonly Tensor[]): unknown {
  let index = 0
  return mapTensors(input, () => tensors[index++] as Tensor)
}
