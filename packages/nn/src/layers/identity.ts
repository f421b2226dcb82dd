import type { StepContext } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { RankPreservingLayer } from '../rank-preserving-layer.js'

/** Returns its input: a place to put something else later. */
export class Identity extends RankPreservingLayer {
  compute(x: Tensor, _step: StepContext): Tensor {
    return x
  }
}

/** Returns its input. */
export const identity = (): Identity => new Identity()
