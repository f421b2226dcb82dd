import type { StepContext } from '@levin/core'
import { maxPool, reshape, type Tensor3D, type Tensor4D } from '@tensorflow/tfjs-core'
import type { Pair } from '../options.js'
import { asOneRow } from './convolution.js'
import { explicitPadding } from './padding.js'
import { type Pool1dOptions, type Pool2dOptions, Pooling, window1d, window2d } from './pooling.js'

/** The largest value of each window: `[batch, height, width, channels]` to `[batch, height', width', channels]`. */
export class MaxPool2d extends Pooling<Tensor4D> {
  constructor(size: Pair, options: Pool2dOptions = {}) {
    super('MaxPool2d', window2d('maxPool2d', size, options), ['batch', 'height', 'width', 'channels'])
  }

  compute(x: Tensor4D, step: StepContext): Tensor4D {
    this.check(x, step)
    const { size, stride } = this.window
    return maxPool(x, [...size], [...stride], explicitPadding(this.pads(x)))
  }
}

/** The largest value of each window: `[batch, width, channels]` to `[batch, width', channels]`. */
export class MaxPool1d extends Pooling<Tensor3D> {
  constructor(size: number, options: Pool1dOptions = {}) {
    super('MaxPool1d', window1d('maxPool1d', size, options), ['batch', 'width', 'channels'])
  }

  compute(x: Tensor3D, step: StepContext): Tensor3D {
    this.check(x, step)
    const { size, stride } = this.window
    const rows = asOneRow(x)
    const y = maxPool(rows, [...size], [...stride], explicitPadding(this.pads(rows)))
    return reshape(y, [y.shape[0], y.shape[2], y.shape[3]])
  }
}

/**
 * The largest value of each window of images. Padding never wins.
 *
 * @param size rows and columns of the window: one number, or `[height, width]`
 * @throws LEVIN_BAD_OPTION for sizes that are no whole numbers, or padding of more than half the window
 */
export const maxPool2d = (size: Pair, options?: Pool2dOptions): MaxPool2d => new MaxPool2d(size, options)

/** The largest value of each window of sequences; as {@link maxPool2d}. */
export const maxPool1d = (size: number, options?: Pool1dOptions): MaxPool1d => new MaxPool1d(size, options)
