import { Layer, type StepContext } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'

/** A layer whose output has as many axes as its input: the compiler carries the rank through. */
export abstract class RankPreservingLayer extends Layer<Tensor, Tensor> {
  /** Tells such layers from those whose `forward` merely has several forms. */
  get preservesRank(): true {
    return true
  }

  override forward<T extends Tensor>(input: T, step: StepContext): T {
    return super.forward(input, step) as T
  }
}
