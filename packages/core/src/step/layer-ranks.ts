import type { Tensor } from '@tensorflow/tfjs-core'

/**
 * The ranks that compute one layer together, as the layer sees them. All of them call the same operations in the same order, with
 * tensors of the same shapes unless said otherwise. They wait for each other within the call.
 *
 * Values alone: no operation has a gradient. Layers call them inside `tf.customGrad`, in the forward and in its gradient. Results
 * are new tensors of the scope that the call was made in.
 */
export interface LayerRanks {
  readonly count: number
  /** Which of them this one is, from 0. */
  readonly index: number
  /** The sum over the ranks, element by element. */
  sum(x: Tensor): Tensor
  /** The largest over the ranks, element by element. */
  max(x: Tensor): Tensor
  /** The parts of all ranks, one behind the other along `axis`, in the order of the ranks. They may differ in length there. */
  gather(x: Tensor, axis: number): Tensor
  /**
   * The sum over the ranks, of which rank i gets the i-th of `count` equal parts along `axis`.
   *
   * @throws LEVIN_SHAPE if the axis cannot be divided evenly
   */
  sumScatter(x: Tensor, axis: number): Tensor
  /** Hands tensors to the rank after this one, the last to the first, and returns those of the rank before it. */
  rotate(tensors: readonly Tensor[]): Tensor[]
}

/** The ranks that share a layer's parameters. */
export interface TensorRanks extends LayerRanks {
  /**
   * Between the layers that are shared, each rank has a stretch of every sequence (sequence parallelism, Korthikanti et al. 2022).
   * Otherwise each has all of it, and computes what the others do.
   */
  readonly splitsSequence: boolean
}

/** How the work of a layer is divided among ranks. Absent from a step whose layers run whole. */
export interface LayerSharing {
  /** Tensor parallelism: ranks that hold parts of parameters. */
  readonly tensor?: TensorRanks | undefined
  /** Context parallelism: ranks that hold stretches of sequences, equally long. */
  readonly context?: LayerRanks | undefined
  /**
   * Which stretch of a sequence the activations of this rank are, outside of layers that are shared: the `index`-th of `count` equal
   * ones along the second axis of `[batch, time, …]`. Absent: all of it.
   */
  readonly sequence?: { readonly index: number; readonly count: number } | undefined
}
