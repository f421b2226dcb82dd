import { Layer, type LevinError, type StepContext } from '@levin/core'
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { checkInput, type InputPattern, refuseInput } from '../check-input.js'
import { badOption, type Pair, wholePair } from '../options.js'
import { requireWholeSequence } from '../parallel/refusals.js'
import {
  checkedPadding,
  describeWindow,
  leastInput,
  type Padding,
  type Pads,
  padsFor,
  type Window,
  windowFits,
} from './padding.js'

export interface Pool2dOptions {
  /** Default: the size of the window, so that windows do not overlap. */
  readonly stride?: Pair
  /** At most half the window. Default 0. */
  readonly padding?: Padding
}

export interface Pool1dOptions {
  /** Default: the size of the window, so that windows do not overlap. */
  readonly stride?: number
  /** At most half the window; `'same'`: as much as gives `ceil(width / stride)` outputs. Default 0. */
  readonly padding?: number | 'same' | 'valid'
}

/** A window that slides over the middle axes and keeps one number per channel. The base of the pools. */
export abstract class Pooling<T extends Tensor> extends Layer<T, T> {
  readonly #name: string
  readonly #window: Window
  readonly #pattern: InputPattern

  protected constructor(name: string, window: Window, axes: readonly string[]) {
    super()
    this.#name = name
    this.#window = window
    this.#pattern = { axes }
  }

  protected get window(): Window {
    return this.#window
  }

  protected check(x: Tensor, step: StepContext): void {
    checkInput(this, x, this.#pattern)
    requireWholeSequence(this, x, step)
  }

  /** The padding for images of this size. */
  protected pads(x: Tensor4D): Pads {
    const image = [x.shape[1], x.shape[2]] as const
    const pads = padsFor(this.#window, image)
    if (windowFits(this.#window, image, pads)) return pads
    throw this.#tooSmall(x)
  }

  override describe(): string {
    return `${this.#name}(${describeWindow(this.#window, this.#window.size)})`
  }

  #tooSmall(x: Tensor4D): LevinError {
    return refuseInput(this, x, leastInput(this.#window), 'Pool less often, use a smaller window, or larger inputs.')
  }
}

export function window2d(owner: string, size: Pair, { stride = size, padding = 0 }: Pool2dOptions): Window {
  return checked(owner, {
    axes: 2,
    size: wholePair(owner, 'size', size),
    stride: wholePair(owner, 'stride', stride),
    padding: checkedPadding(owner, padding),
    dilation: [1, 1],
  })
}

export function window1d(owner: string, size: number, { stride = size, padding = 0 }: Pool1dOptions): Window {
  const along = (name: string, value: number, minimum = 1) =>
    [minimum, wholePair(owner, name, value, minimum)[0]] as const
  return checked(owner, {
    axes: 1,
    size: along('size', size),
    stride: along('stride', stride),
    padding: typeof padding === 'string' ? checkedPadding(owner, padding) : along('padding', padding, 0),
    dilation: [1, 1],
  })
}

// --- Internal helpers ---

function checked(owner: string, window: Window): Window {
  const { size, padding } = window
  if (typeof padding === 'string') return window
  const pads = typeof padding === 'number' ? [padding, padding] : padding
  // A window that lies in the padding alone would have no value.
  if (pads.every((pad, axis) => pad * 2 <= (size[axis] as number))) return window
  throw badOption(owner, 'padding', `at most half the window ${size.join('×')}`, padding)
}
