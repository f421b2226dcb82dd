import { type Scalar, scalar, sum, type Tensor, zeros } from '@tensorflow/tfjs-core'

// A rank whose shard is empty still takes part in a step, so sums over nothing are met in practice, and must be zero.
// Stock tfjs's wasm backend returns uninitialised memory for them.

/** Sum of all elements. */
export const sumAll = (x: Tensor): Scalar => (x.size === 0 ? scalar(0) : sum<Scalar>(x))

/** Sum of the rows of `[rows, columns]`: `[columns]`. */
export const sumRows = (x: Tensor): Tensor => (x.size === 0 ? zeros([x.shape[1] as number]) : sum(x, 0))
