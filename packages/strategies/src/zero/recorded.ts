import { LevinError, type MicroBatch, type Parameter, record, type Tape, type TrainingWindow } from '@levin/core'
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

/** @throws LEVIN_LOSS_NOT_CONNECTED if no rank's loss depends on anything that is trained */
export function requireConnected(connected: boolean, parameters: readonly Parameter[]): void {
  if (connected) return
  throw parameters.length === 0
    ? new LevinError('LEVIN_LOSS_NOT_CONNECTED', {
        message: 'There is nothing to train: every parameter of the optimizer is frozen.',
        remedy: 'Call unfreeze() on the module, or on the layers that are to learn.',
      })
    : new LevinError('LEVIN_LOSS_NOT_CONNECTED', {
        message: `The loss depends on none of the ${parameters.length} parameters that the optimizer trains, on any rank.`,
        remedy:
          'Compute it from the output of layers, without reading values back (dataSync, arraySync) and without integer ops such as argMax on the way; and check that the parameters given to the optimizer are those of this module.',
      })
}
