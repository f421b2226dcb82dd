import type { StepContext } from '@levin/core'
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core'
import { type Pair, wholeNumber, wholePair } from '../options.js'
import { Convolution, type ConvolutionOptions } from './convolution.js'
import { checkedPadding, type Padding } from './padding.js'

export interface Conv2dOptions extends ConvolutionOptions {
  /** Default 1. */
  readonly stride?: Pair
  /** Default 0. */
  readonly padding?: Padding
  /** Distance between the taps of the kernel. Default 1: no gaps. */
  readonly dilation?: Pair
}

/** A convolution of images: `[batch, height, width, in]` to `[batch, height', width', out]`. */
export class Conv2d extends Convolution<Tensor4D, Rank.R4> {
  // The weight is [height, width, in, out].
  constructor(inChannels: number, outChannels: number, kernel: Pair, options: Conv2dOptions = {}) {
    const owner = 'conv2d'
    const { stride = 1, padding = 0, dilation = 1, ...rest } = options
    const size = wholePair(owner, 'kernel', kernel)
    wholeNumber(owner, 'in', inChannels)
    wholeNumber(owner, 'out', outChannels)
    super(
      {
        name: 'Conv2d',
        window: {
          axes: 2,
          size,
          stride: wholePair(owner, 'stride', stride),
          padding: checkedPadding(owner, padding),
          dilation: wholePair(owner, 'dilation', dilation),
        },
        inChannels,
        outChannels,
        weightShape: [...size, inChannels, outChannels],
        fanIn: size[0] * size[1] * inChannels,
        pattern: { axes: ['batch', 'height', 'width', inChannels] },
      },
      rest,
    )
  }

  compute(x: Tensor4D, step: StepContext): Tensor4D {
    this.check(x, step)
    return this.slide(this.withBias(), x, this.weight.value)
  }
}

/**
 * A convolution of images `[batch, height, width, in]`; its filters are `[height, width, in, out]`.
 *
 * @param kernel rows and columns of the window: one number, or `[height, width]`
 * @throws LEVIN_BAD_OPTION for sizes that are no whole numbers
 */
export const conv2d = (inChannels: number, outChannels: number, kernel: Pair, options?: Conv2dOptions): Conv2d =>
  new Conv2d(inChannels, outChannels, kernel, options)
