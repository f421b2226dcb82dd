import type { StepContext } from '@levin/core'
import { type Rank, reshape, type Tensor3D, type Tensor4D } from '@tensorflow/tfjs-core'
import { wholeNumber } from '../options.js'
import { asOneRow, Convolution, type ConvolutionOptions } from './convolution.js'
import { checkedPadding } from './padding.js'

export interface Conv1dOptions extends ConvolutionOptions {
  /** Default 1. */
  readonly stride?: number
  /** Added on each side; `'valid'`: none; `'same'`: as much as gives `ceil(width / stride)` outputs. Default 0. */
  readonly padding?: number | 'same' | 'valid'
  /** Distance between the taps of the kernel. Default 1: no gaps. */
  readonly dilation?: number
}

/** A convolution of sequences: `[batch, width, in]` to `[batch, width', out]`. */
export class Conv1d extends Convolution<Tensor3D, Rank.R3> {
  // The weight is [width, in, out].
  constructor(inChannels: number, outChannels: number, kernel: number, options: Conv1dOptions = {}) {
    const owner = 'conv1d'
    const { stride = 1, padding = 0, dilation = 1, ...rest } = options
    wholeNumber(owner, 'kernel', kernel)
    wholeNumber(owner, 'in', inChannels)
    wholeNumber(owner, 'out', outChannels)
    super(
      {
        name: 'Conv1d',
        window: {
          axes: 1,
          size: [1, kernel],
          stride: [1, wholeNumber(owner, 'stride', stride)],
          padding:
            typeof padding === 'string'
              ? checkedPadding(owner, padding)
              : [0, wholeNumber(owner, 'padding', padding, 0)],
          dilation: [1, wholeNumber(owner, 'dilation', dilation)],
        },
        inChannels,
        outChannels,
        weightShape: [kernel, inChannels, outChannels],
        fanIn: kernel * inChannels,
        pattern: { axes: ['batch', 'width', inChannels] },
      },
      rest,
    )
  }

  compute(x: Tensor3D, step: StepContext): Tensor3D {
    this.check(x, step)
    const [width, inputs, outputs] = this.weight.shape as [number, number, number]
    const filter: Tensor4D = reshape(this.weight.value, [1, width, inputs, outputs])
    const y = this.slide(this.withBias(), asOneRow(x), filter)
    return reshape(y, [y.shape[0], y.shape[2], y.shape[3]])
  }
}

/**
 * A convolution of sequences `[batch, width, in]`; its filters are `[width, in, out]`.
 *
 * @param kernel steps that the window spans
 * @throws LEVIN_BAD_OPTION for sizes that are no whole numbers
 */
export const conv1d = (inChannels: number, outChannels: number, kernel: number, options?: Conv1dOptions): Conv1d =>
  new Conv1d(inChannels, outChannels, kernel, options)
