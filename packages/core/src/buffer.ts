import type { Rank } from '@tensorflow/tfjs-core'
import { StoredTensor } from './stored-tensor.js'

/**
 * State of a module that training keeps but no gradient changes, such as running statistics. Changed by
 * `step.update(buffer, value)`, committed when the window ends.
 */
export class Buffer<R extends Rank = Rank> extends StoredTensor<R> {}
