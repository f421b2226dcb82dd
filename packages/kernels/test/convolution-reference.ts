import { backend_util } from '@tensorflow/tfjs-core'
import type { HostTensor } from './support.js'

/** A convolution: `depthwise` has filters `[height, width, channels, multiplier]`, the other `[height, width, in, out]`. */
export interface ConvolutionCase {
  readonly input: readonly [number, number, number, number]
  readonly filter: readonly [number, number, number, number]
  readonly strides: readonly [number, number]
  readonly pad: 'same' | 'valid' | number | readonly (readonly [number, number])[]
  readonly dilations?: readonly [number, number]
  readonly depthwise?: boolean
}

export function infoOf({ input, filter, strides, pad, dilations, depthwise }: ConvolutionCase) {
  return backend_util.computeConv2DInfo(
    [...input],
    [...filter],
    [...strides],
    [...(dilations ?? [1, 1])] as [number, number],
    pad as 'same',
    'floor',
    depthwise ?? false,
  )
}

/** Calls `visit` with the offsets into x, w and y of every product in the convolution's sum. */
function visitProducts(of: ConvolutionCase, visit: (x: number, w: number, y: number) => void): void {
  const info = infoOf(of)
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth } = info
  const multiplier = of.filter[3]
  for (let n = 0; n < batchSize; n++)
    for (let i = 0; i < outHeight; i++)
      for (let j = 0; j < outWidth; j++)
        for (let f = 0; f < filterHeight; f++)
          for (let g = 0; g < filterWidth; g++) {
            const row = i * info.strideHeight - info.padInfo.top + f * info.dilationHeight
            const column = j * info.strideWidth - info.padInfo.left + g * info.dilationWidth
            if (row < 0 || row >= inHeight || column < 0 || column >= inWidth) continue
            const x = ((n * inHeight + row) * inWidth + column) * inChannels
            const y = ((n * outHeight + i) * outWidth + j) * outChannels
            const w = (f * filterWidth + g) * inChannels
            for (let c = 0; c < inChannels; c++)
              for (let m = 0; m < multiplier; m++)
                visit(x + c, (w + c) * multiplier + m, y + (of.depthwise ? c * multiplier + m : m))
          }
}

/** The forward, in float64. */
export function forward(of: ConvolutionCase, x: ArrayLike<number>, w: ArrayLike<number>): Float64Array {
  const [n = 0, h = 0, width = 0, c = 0] = infoOf(of).outShape
  const values = new Float64Array(n * h * width * c)
  visitProducts(of, (i, j, k) => {
    values[k] = (values[k] as number) + (x[i] as number) * (w[j] as number)
  })
  return values
}

/** Both gradients, in float64. */
export function gradients(of: ConvolutionCase, x: HostTensor, w: HostTensor, dy: HostTensor) {
  const dx = { shape: x.shape, values: new Float64Array(x.values.length) }
  const dw = { shape: w.shape, values: new Float64Array(w.values.length) }
  visitProducts(of, (i, j, k) => {
    const gradient = dy.values[k] as number
    dx.values[i] = (dx.values[i] as number) + gradient * (w.values[j] as number)
    dw.values[j] = (dw.values[j] as number) + gradient * (x.values[i] as number)
  })
  return { dx, dw }
}

/** The gradient of `Σ forward × dy` in some elements of `x` or `w`, by central differences in float64. */
export function finiteDifference(
  of: ConvolutionCase,
  x: HostTensor,
  w: HostTensor,
  dy: HostTensor,
  which: 'x' | 'w',
  index: number,
): number {
  const step = 1e-4
  const moved = (by: number) => {
    const changed = Float64Array.from((which === 'x' ? x : w).values)
    changed[index] = (changed[index] as number) + by
    const y = which === 'x' ? forward(of, changed, w.values) : forward(of, x.values, changed)
    return y.reduce((sum, value, k) => sum + value * (dy.values[k] as number), 0)
  }
  return (moved(step) - moved(-step)) / (2 * step)
}
