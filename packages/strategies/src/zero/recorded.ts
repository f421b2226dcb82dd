import { type MicroBatch, record, type Tape, type TrainingWindow } from '@levin/core'
import type { Scalar, Tensor } from '@tensorflow/tfjs-core'

/** A micro-batch that was run forward. */
export interface Recorded {
  readonly tape: Tape<Scalar>
  readonly weight: number
  /** Whether its gradients take part: an empty part of a batch has a loss of NaN, and weighs nothing. */
  readonly counts: boolean
}

/** @param before runs on the tape, before the module's step */
export function recordMicroBatch(
  window: TrainingWindow,
  micro: MicroBatch,
  sources: readonly Tensor[],
  before: () => void = () => {},
): Recorded {
  let weight = 0
  const tape = record(() => {
    before()
    const weighted = window.forward(micro)
    weight = weighted.weight
    return weighted.loss
  }, sources)
  return { tape, weight, counts: micro.samples > 0 && weight !== 0 }
}
