import { Layer, type StepContext } from '@levin/core'
import { mean, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core'
import { checkInput, type InputPattern } from '../check-input.js'

const PATTERN: InputPattern = { axes: ['batch', 'height', 'width', 'channels'] }

/** The mean of each channel over the whole image: `[batch, height, width, channels]` to `[batch, channels]`. */
export class GlobalAvgPool2d extends Layer<Tensor4D, Tensor2D> {
  compute(x: Tensor4D, _step: StepContext): Tensor2D {
    checkInput(this, x, PATTERN)
    return mean(x, [1, 2])
  }
}

/** The mean of each channel over the whole image, whatever its size. */
export const globalAvgPool2d = (): GlobalAvgPool2d => new GlobalAvgPool2d()
