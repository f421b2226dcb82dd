import {
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  FusedConv2D,
  FusedDepthwiseConv2D,
  stridedSlice,
  type Tensor,
  type Tensor4D,
  type TensorInfo,
  tensor1d,
  zeros,
} from '@tensorflow/tfjs-core'
import type { TensorFlowBackend } from '../runtime/backend.js'
import { asDense, isDilated, spread, wideShape } from './dilation.js'
import { attributes } from './kernel.js'
import type { KernelArguments, Repair } from './repair.js'
import { convolutionInfo, isEmpty, sides, slidingAttributes, type WindowInfo } from './windows.js'

/** Kernels of one kind of convolution, which have the names of TensorFlow's operations. */
interface Family {
  readonly depthwise: boolean
  readonly forward: string
  readonly fused: string
  readonly inputGradient: string
  readonly filterGradient: string
}

const FAMILIES: readonly Family[] = [
  {
    depthwise: false,
    forward: Conv2D,
    fused: FusedConv2D,
    inputGradient: Conv2DBackpropInput,
    filterGradient: Conv2DBackpropFilter,
  },
  {
    depthwise: true,
    forward: DepthwiseConv2dNative,
    fused: FusedDepthwiseConv2D,
    inputGradient: DepthwiseConv2dNativeBackpropInput,
    filterGradient: DepthwiseConv2dNativeBackpropFilter,
  },
]

/**
 * Convolutions whose zeros are given as numbers: tfjs-node has no gradients of them, and takes them for some forwards only,
 * while TensorFlow's operations have all. And of no images, where oneDNN gives the shape of the input.
 */
export function convolutions(backend: TensorFlowBackend): Repair[] {
  return FAMILIES.flatMap((family) => {
    const operations = new Convolutions(backend, family)
    return [
      { kernelName: family.forward, repaired: () => (args: KernelArguments) => operations.forward(args) },
      { kernelName: family.fused, repaired: (stock) => (args) => operations.fused(args) ?? stock(args) },
      { kernelName: family.inputGradient, repaired: () => (args) => operations.inputGradient(args) },
      { kernelName: family.filterGradient, repaired: () => (args) => operations.filterGradient(args) },
    ] satisfies Repair[]
  })
}

class Convolutions {
  readonly #backend: TensorFlowBackend
  readonly #family: Family

  constructor(backend: TensorFlowBackend, family: Family) {
    this.#backend = backend
    this.#family = family
  }

  forward({ inputs, attrs }: KernelArguments): Tensor {
    const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo }
    const { forward, depthwise } = this.#family
    const info = convolutionInfo(attrs, x.shape, filter.shape, depthwise)
    if (isEmpty(info.outShape)) return zeros(info.outShape)
    return this.#backend.executeSingleOutput(forward, this.#attributes(info), [x, filter])
  }

  /** With a bias and nothing else. `undefined`: not this one. */
  fused(args: KernelArguments): Tensor | undefined {
    const { bias } = args.inputs
    const { activation = 'linear', dataFormat = 'NHWC' } = args.attrs as { activation?: string; dataFormat?: string }
    if (activation !== 'linear' || dataFormat !== 'NHWC') return undefined
    const y = this.forward(args)
    if (bias === undefined || bias === null || y.size === 0) return y
    const { type, text } = attributes(this.#backend)
    const added = [type('T', 'float32'), text('data_format', 'NHWC')]
    const sum = this.#backend.executeSingleOutput('BiasAdd', added, [y, bias])
    y.dispose()
    return sum
  }

  inputGradient({ inputs, attrs }: KernelArguments): Tensor {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo }
    const { inputShape } = attrs as unknown as { inputShape: number[] }
    if (isEmpty(dy.shape) || isEmpty(inputShape)) return zeros(inputShape)
    const { inputGradient, depthwise } = this.#family
    const info = convolutionInfo(attrs, inputShape, filter.shape, depthwise)
    if (isDilated(info)) {
      const wide = spread(filter as Tensor4D, info)
      const dx = this.inputGradient({
        inputs: { dy, filter: wide },
        attrs: asDense(attrs, info),
        backend: this.#backend,
      })
      wide.dispose()
      return dx
    }
    return this.#gradient(inputGradient, info, inputShape, (sizes) => [sizes, filter, dy])
  }

  filterGradient({ inputs, attrs }: KernelArguments): Tensor {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo }
    const { filterShape } = attrs as unknown as { filterShape: number[] }
    if (isEmpty(dy.shape) || isEmpty(x.shape)) return zeros(filterShape)
    const { filterGradient, depthwise } = this.#family
    const info = convolutionInfo(attrs, x.shape, filterShape, depthwise)
    if (isDilated(info)) {
      const dense = { ...asDense(attrs, info), filterShape: wideShape(filterShape, info) }
      const wide = this.filterGradient({ inputs: { x, dy }, attrs: dense, backend: this.#backend })
      const strides = [info.dilationHeight, info.dilationWidth, 1, 1]
      const gradient = stridedSlice(wide, [0, 0, 0, 0], wide.shape, strides)
      wide.dispose()
      return gradient
    }
    return this.#gradient(filterGradient, info, filterShape, (sizes) => [x, sizes, dy])
  }

  #gradient(name: string, info: WindowInfo, shape: number[], inputs: (sizes: Tensor) => TensorInfo[]): Tensor {
    const sizes = tensor1d(shape, 'int32')
    const gradient = this.#backend.executeSingleOutput(name, this.#attributes(info), inputs(sizes))
    sizes.dispose()
    return gradient
  }

  #attributes(info: WindowInfo) {
    const { integers } = attributes(this.#backend)
    const dilations = integers('dilations', sides(info, info.dilationHeight, info.dilationWidth))
    return [...slidingAttributes(this.#backend, info), dilations]
  }
}
