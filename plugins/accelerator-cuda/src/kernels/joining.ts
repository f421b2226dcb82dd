import { Concat, clone, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core'
import type { Repair } from './repair.js'

/** A single tensor to be joined: TensorFlow's operation wants two. */
export const joining: readonly Repair[] = [
  {
    kernelName: Concat,
    repaired: (stock) => (args) => {
      const tensors = args.inputs as unknown as readonly TensorInfo[]
      return tensors.length === 1 ? clone(tensors[0] as Tensor) : stock(args)
    },
  },
]
