import { conv2d } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

type Pair = [number, number]
type Pad = 'valid' | 'same' | number | tf.backend_util.ExplicitPadding

interface Sliding {
  readonly strides: Pair
  readonly pad: Pad
  readonly dilations?: Pair
}

interface Convolved {
  readonly x: tf.Tensor4D
  readonly filter: tf.Tensor4D
}

type FusedConvolution = Parameters<typeof tf.fused.conv2d>[0]

interface Fused extends Sliding {
  readonly activation: NonNullable<FusedConvolution['activation']>
  readonly leakyreluAlpha?: number
}

/** With the gradients of tfjs's kernels by name: tfjs's own gradient function refuses dilated filters. */
const depthwise = (x: tf.Tensor4D, filter: tf.Tensor4D, { strides, pad, dilations = [1, 1] }: Sliding) =>
  tf.customGrad((...operands) => {
    const [x, filter, save] = operands as unknown as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc]
    save([x, filter])
    const attrs = { strides, pad, dilations, dimRoundingMode: 'floor' }
    const run = (name: string, inputs: tf.NamedTensorMap, shape: object): tf.Tensor =>
      tf.engine().runKernel(name, inputs, { ...attrs, ...shape })
    return {
      value: tf.depthwiseConv2d(x, filter, strides, pad as 'valid', 'NHWC', dilations),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, filter] = saved as [tf.Tensor, tf.Tensor]
        return [
          run(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter }, { inputShape: x.shape }),
          run(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, { filterShape: filter.shape }),
        ]
      },
    }
  })(x, filter)

export const convolution = {
  conv2d: sweepOp<Convolved, Sliding>(({ x, filter }, { strides, pad, dilations = [1, 1] }) =>
    tf.conv2d(x, filter, strides, explicit(pad), 'NHWC', dilations),
  ),
  biasedConv2d: sweepOp<Convolved & { bias: tf.Tensor }, Sliding>(({ x, filter, bias }, { strides, pad }) =>
    conv2d(x, filter, bias, { strides, padding: pad as 'valid' }),
  ),
  fusedConv2d: sweepOp<Convolved & { bias: tf.Tensor; slope?: tf.Tensor }, Fused>(
    ({ x, filter, bias, slope }, { strides, pad, activation, leakyreluAlpha = 0 }) =>
      tf.fused.conv2d({
        x,
        filter,
        bias,
        strides,
        pad: pad as 'valid',
        activation,
        leakyreluAlpha,
        ...(slope && { preluActivationWeights: slope }),
      }),
  ),
  depthwiseConv2d: sweepOp<Convolved, Sliding>(({ x, filter }, sliding) => depthwise(x, filter, sliding)),
  conv2dTranspose: sweepOp<Convolved, Sliding & { shape: [number, number, number, number] }>(
    ({ x, filter }, { strides, pad, shape }) => tf.conv2dTranspose(x, filter, shape, strides, pad as 'valid'),
  ),
}

/** Its declared type leaves explicit padding out for 4D tensors. */
const explicit = (pad: Pad) => pad as 'valid'
