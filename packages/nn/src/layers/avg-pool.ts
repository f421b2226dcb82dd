import type { StepContext } from '@levin/core'
import {
  avgPool,
  div,
  mul,
  pad,
  reshape,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
  tensor4d,
} from '@tensorflow/tfjs-core'
import type { Pair } from '../options.js'
import { asOneRow } from './convolution.js'
import type { Pads, Window } from './padding.js'
import { type Pool1dOptions, type Pool2dOptions, Pooling, window1d, window2d } from './pooling.js'

interface CountOption {
  /** Whether padding counts as zeros in the mean. Default `true`, as in PyTorch. */
  readonly countIncludePad?: boolean
}

export interface AvgPool2dOptions extends Pool2dOptions, CountOption {}
export interface AvgPool1dOptions extends Pool1dOptions, CountOption {}

/** The mean of each window: `[batch, height, width, channels]` to `[batch, height', width', channels]`. */
export class AvgPool2d extends Pooling<Tensor4D> {
  readonly countIncludePad: boolean

  constructor(size: Pair, { countIncludePad = true, ...options }: AvgPool2dOptions = {}) {
    super('AvgPool2d', window2d('avgPool2d', size, options), ['batch', 'height', 'width', 'channels'])
    this.countIncludePad = countIncludePad
  }

  compute(x: Tensor4D, step: StepContext): Tensor4D {
    this.check(x, step)
    return average(x, this.window, this.pads(x), this.countIncludePad)
  }
}

/** The mean of each window: `[batch, width, channels]` to `[batch, width', channels]`. */
export class AvgPool1d extends Pooling<Tensor3D> {
  readonly countIncludePad: boolean

  constructor(size: number, { countIncludePad = true, ...options }: AvgPool1dOptions = {}) {
    super('AvgPool1d', window1d('avgPool1d', size, options), ['batch', 'width', 'channels'])
    this.countIncludePad = countIncludePad
  }

  compute(x: Tensor3D, step: StepContext): Tensor3D {
    this.check(x, step)
    const rows = asOneRow(x)
    const y = average(rows, this.window, this.pads(rows), this.countIncludePad)
    return reshape(y, [y.shape[0], y.shape[2], y.shape[3]])
  }
}

/**
 * The mean of each window of images.
 *
 * @param size rows and columns of the window: one number, or `[height, width]`
 * @throws LEVIN_BAD_OPTION for sizes that are no whole numbers, or padding of more than half the window
 */
export const avgPool2d = (size: Pair, options?: AvgPool2dOptions): AvgPool2d => new AvgPool2d(size, options)

/** The mean of each window of sequences; as {@link avgPool2d}. */
export const avgPool1d = (size: number, options?: AvgPool1dOptions): AvgPool1d => new AvgPool1d(size, options)

// --- Internal helpers ---

/**
 * Padding is done before: tfjs's own leaves it out of the mean, but its gradient does not.
 */
function average(x: Tensor4D, { size, stride }: Window, pads: Pads, countIncludePad: boolean): Tensor4D {
  const [top, left] = pads
  const isPadded = top[0] + top[1] + left[0] + left[1] > 0
  const padded = isPadded ? pad(x, [[0, 0], [...top], [...left], [0, 0]]) : x
  const y = avgPool(padded, [...size], [...stride], 'valid')
  return isPadded && !countIncludePad ? withoutPadding(y, x, { size, stride }, pads) : y
}

/** Means over whole windows, made means over the pixels within. */
function withoutPadding(
  y: Tensor4D,
  x: Tensor4D,
  { size, stride }: Pick<Window, 'size' | 'stride'>,
  pads: Pads,
): Tensor4D {
  const within = ([0, 1] as const).map((axis) =>
    Array.from({ length: y.shape[axis + 1] as number }, (_, i) => {
      const begin = i * stride[axis] - pads[axis][0]
      return Math.min(begin + size[axis], x.shape[axis + 1] as number) - Math.max(begin, 0)
    }),
  )
  const [rows, columns] = within as [number[], number[]]
  const counts = rows.flatMap((row) => columns.map((column) => row * column))
  const perPixel: Tensor = tensor4d(counts, [1, rows.length, columns.length, 1])
  return mul(y, div(size[0] * size[1], perPixel))
}
