import {
  type backend_util,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  FusedConv2D,
  type Tensor,
  type Tensor4D,
  zeros,
} from '@tensorflow/tfjs-core'
import { check, checkFloat, checkShape, format } from './checks.js'
import { callKernel } from './kernel.js'
import { sumOfRows } from './sequence-steps.js'
import { recordNode } from './tape-node.js'

export interface Conv2dOptions {
  /** Rows and columns from one window to the next. Default `[1, 1]`. */
  readonly strides?: readonly [number, number] | undefined
  /** `'valid'`: none; or rows and columns of zeros, as tfjs takes them. Default `'valid'`. */
  readonly padding?: 'valid' | backend_util.ExplicitPadding | undefined
}

/**
 * A convolution of images with its bias: one `FusedConv2D` forward; backward one kernel for each of x, filter and bias, when
 * its gradient is needed. Keeps x and the filter.
 *
 * @param x `[batch, height, width, in]` float32
 * @param filter `[height, width, in, out]`
 * @param bias `[out]`
 * @returns `[batch, height', width', out]`
 */
export function conv2d(x: Tensor4D, filter: Tensor4D, bias?: Tensor, options: Conv2dOptions = {}): Tensor4D {
  checkOperands(x, filter, bias)
  const { strides = [1, 1], padding = 'valid' } = options
  const sliding = { strides: [...strides], pad: padding, dataFormat: 'NHWC' }
  const fused = { ...sliding, dilations: [1, 1], activation: 'linear', leakyreluAlpha: 0 }
  return recordNode({
    name: 'conv2d',
    inputs: { x, filter, bias },
    forward(save): Tensor4D {
      save([x, filter])
      return callKernel(FusedConv2D, bias === undefined ? { x, filter } : { x, filter, bias }, fused)[0] as Tensor4D
    },
    backward(dy, saved) {
      const [x, filter] = saved as [Tensor4D, Tensor4D]
      // Of no images: stock backends leave such results unwritten.
      const nothing = dy.size === 0
      return {
        x: () =>
          nothing ? zeros(x.shape) : first(Conv2DBackpropInput, { dy, filter }, { ...sliding, inputShape: x.shape }),
        filter: () =>
          nothing
            ? zeros(filter.shape)
            : first(Conv2DBackpropFilter, { x, dy }, { ...sliding, filterShape: filter.shape }),
        bias: () => sumOfRows(dy),
      }
    },
  })
}

// --- Internal helpers ---

const first = (kernel: string, inputs: object, attrs: object): Tensor => callKernel(kernel, inputs, attrs)[0] as Tensor

function checkOperands(x: Tensor, filter: Tensor, bias: Tensor | undefined): void {
  checkFloat('conv2d', 'x', x)
  checkFloat('conv2d', 'filter', filter)
  check(
    filter.rank === 4,
    'conv2d',
    () => `\`filter\` must be [height, width, in, out], but has shape ${format(filter.shape)}`,
  )
  const [, , inputs, outputs] = filter.shape as [number, number, number, number]
  check(
    x.rank === 4 && x.shape[3] === inputs,
    'conv2d',
    () =>
      `\`x\` must be [batch, height, width, ${inputs}] to fit \`filter\` ${format(filter.shape)}, but has shape ${format(x.shape)}`,
  )
  if (bias === undefined) return
  checkFloat('conv2d', 'bias', bias)
  checkShape('conv2d', 'bias', bias, [outputs], 'the outputs of `filter`')
}
