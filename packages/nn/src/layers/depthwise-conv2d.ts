import type { StepContext } from '@levin/core'
import { add, depthwiseConv2d as plainDepthwise, type Rank, type Tensor4D } from '@tensorflow/tfjs-core'
import { type Pair, wholeNumber, wholePair } from '../options.js'
import type { Conv2dOptions } from './conv2d.js'
import { Convolution } from './convolution.js'
import { checkedPadding } from './padding.js'

export interface DepthwiseConv2dOptions extends Conv2dOptions {
  /** Outputs per channel. Default 1. */
  readonly multiplier?: number
}

/**
 * A convolution of each channel by itself: `[batch, height, width, channels]` to
 * `[batch, height', width', channels · multiplier]`. PyTorch's `Conv2d` with as many groups as channels.
 */
export class DepthwiseConv2d extends Convolution<Tensor4D, Rank.R4> {
  // The weight is [height, width, channels, multiplier].
  constructor(channels: number, kernel: Pair, options: DepthwiseConv2dOptions = {}) {
    const owner = 'depthwiseConv2d'
    const { multiplier = 1, stride = 1, padding = 0, dilation = 1, ...rest } = options
    const size = wholePair(owner, 'kernel', kernel)
    wholeNumber(owner, 'channels', channels)
    wholeNumber(owner, 'multiplier', multiplier)
    super(
      {
        name: 'DepthwiseConv2d',
        window: {
          axes: 2,
          size,
          stride: wholePair(owner, 'stride', stride),
          padding: checkedPadding(owner, padding),
          dilation: wholePair(owner, 'dilation', dilation),
        },
        inChannels: channels,
        outChannels: channels * multiplier,
        weightShape: [...size, channels, multiplier],
        fanIn: size[0] * size[1],
        pattern: { axes: ['batch', 'height', 'width', channels] },
      },
      rest,
    )
  }

  compute(x: Tensor4D, step: StepContext): Tensor4D {
    this.check(x, step)
    const y = this.slide(plainDepthwise, x, this.weight.value)
    return this.bias ? add(y, this.bias.value) : y
  }
}

/**
 * A convolution of each channel by itself; its filters are `[height, width, channels, multiplier]`, and output channel
 * `c · multiplier + m` is the m-th of channel c.
 *
 * @param kernel rows and columns of the window: one number, or `[height, width]`
 * @throws LEVIN_BAD_OPTION for sizes that are no whole numbers
 */
export const depthwiseConv2d = (channels: number, kernel: Pair, options?: DepthwiseConv2dOptions): DepthwiseConv2d =>
  new DepthwiseConv2d(channels, kernel, options)
