import { reshape, type Tensor } from '@tensorflow/tfjs-core'
import { sameShape } from './checks.js'

/** `x` under another shape; `x` itself where it has that shape already, since tfjs's `reshape` is a kernel call all the same. */
export const reshaped = (x: Tensor, shape: number[]): Tensor => (sameShape(x.shape, shape) ? x : reshape(x, shape))
