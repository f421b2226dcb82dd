import { type Initializer, Layer, Parameter, type StepContext, uniform } from '@levin/core'
import { conv2d } from '@levin/ops'
import { type Rank, reshape, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core'
import { checkInput, type InputPattern, refuseInput } from '../check-input.js'
import { kaimingUniform } from '../initializers/kaiming.js'
import { requireWholeSequence } from '../parallel/refusals.js'
import { convolve, type PlainConvolution } from './convolve.js'
import { describeWindow, leastInput, padsFor, type Window, windowFits } from './padding.js'

/** What convolutions have in common beside their window. */
export interface ConvolutionOptions {
  /** Default `true`. */
  readonly bias?: boolean
  /** Default: Kaiming uniform with a = √5, that is U(±1/√fanIn), as in PyTorch. */
  readonly weightInitializer?: Initializer
  /** Default: U(±1/√fanIn), as in PyTorch. */
  readonly biasInitializer?: Initializer
}

interface Declaration {
  /** The class as it describes itself. */
  readonly name: string
  readonly window: Window
  readonly inChannels: number
  readonly outChannels: number
  readonly weightShape: readonly number[]
  /** Inputs that one output sums over. */
  readonly fanIn: number
  readonly pattern: InputPattern
}

/** A window of weights that slides over the middle axes of its input. The base of the convolutions. */
export abstract class Convolution<T extends Tensor, W extends Rank> extends Layer<T, T> {
  readonly inChannels: number
  readonly outChannels: number
  readonly weight: Parameter<W>
  /** `[outChannels]` */
  readonly bias: Parameter<Rank.R1> | undefined
  readonly #declaration: Declaration

  protected constructor(declaration: Declaration, options: ConvolutionOptions) {
    super()
    this.#declaration = declaration
    this.inChannels = declaration.inChannels
    this.outChannels = declaration.outChannels
    const { weightShape, fanIn } = declaration
    const bound = 1 / Math.sqrt(fanIn)
    const { bias = true, weightInitializer, biasInitializer = uniform(-bound, bound) } = options
    this.weight = new Parameter(weightShape, weightInitializer ?? kaimingUniform({ a: Math.sqrt(5), fan: fanIn }))
    this.bias = bias ? new Parameter([declaration.outChannels], biasInitializer) : undefined
  }

  /** The convolution as it slides over `[batch, height, width, channels]`. */
  protected slide(plain: PlainConvolution, x: Tensor4D, filter: Tensor4D): Tensor4D {
    const { window } = this.#declaration
    const image = [x.shape[1], x.shape[2]] as const
    const pads = padsFor(window, image)
    if (!windowFits(window, image, pads)) throw this.#tooSmall(x)
    return convolve(plain, x, filter, { stride: window.stride, dilation: window.dilation, pads })
  }

  /** tfjs's `conv2d` with the bias in the same kernel. */
  protected withBias(): PlainConvolution {
    return (x, filter, strides, padding) => conv2d(x, filter, this.bias?.value, { strides, padding })
  }

  protected check(x: Tensor, step: StepContext): void {
    checkInput(this, x, this.#declaration.pattern)
    requireWholeSequence(this, x, step)
  }

  abstract override compute(x: T, step: StepContext): T

  override describe(): string {
    const { name, inChannels, outChannels, window } = this.#declaration
    return `${name}(${inChannels} → ${outChannels}, ${describeWindow(window, [1, 1])})`
  }

  #tooSmall(x: Tensor4D) {
    const { window } = this.#declaration
    return refuseInput(this, x, leastInput(window), 'Use a smaller kernel, padding, or larger inputs.')
  }
}

/** `[batch, width, channels]` as images of one row. */
export const asOneRow = (x: Tensor): Tensor4D =>
  reshape(x, [x.shape[0] as number, 1, x.shape[1] as number, x.shape[2] as number])
