import { MaxPool, MaxPoolGrad, type TensorInfo, zeros } from '@tensorflow/tfjs-core'
import type { TensorFlowBackend } from '../runtime/backend.js'
import { attributes } from './kernel.js'
import type { Repair } from './repair.js'
import { isEmpty, poolInfo, sides, slidingAttributes, type WindowInfo } from './windows.js'

/** Maxima over windows that reach over the border by given numbers, which tfjs-node refuses and TensorFlow has. */
export function maxPools(backend: TensorFlowBackend): Repair[] {
  const { integers } = attributes(backend)
  const attributesOf = (info: WindowInfo) => [
    ...slidingAttributes(backend, info),
    integers('ksize', sides(info, info.filterHeight, info.filterWidth)),
  ]
  return [
    {
      kernelName: MaxPool,
      repaired: (stock) => (args) => {
        const { inputs, attrs } = args
        const { x } = inputs as { x: TensorInfo }
        if (x.dtype !== 'float32') return stock(args)
        const info = poolInfo(attrs, x.shape)
        if (isEmpty(info.outShape)) return zeros(info.outShape)
        return backend.executeSingleOutput(MaxPool, attributesOf(info), [x])
      },
    },
    {
      kernelName: MaxPoolGrad,
      repaired:
        () =>
        ({ inputs, attrs }) => {
          const { dy, input, output } = inputs as { dy: TensorInfo; input: TensorInfo; output: TensorInfo }
          if (isEmpty(dy.shape) || isEmpty(input.shape)) return zeros(input.shape)
          return backend.executeSingleOutput(MaxPoolGrad, attributesOf(poolInfo(attrs, input.shape)), [
            input,
            output,
            dy,
          ])
        },
    },
  ]
}
