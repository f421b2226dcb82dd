import { backend_util } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { expectClose, type HostTensor, kernel, random } from './support.js'

interface PoolCase {
  readonly shape: readonly [number, number, number, number]
  readonly filterSize: readonly [number, number]
  readonly strides: readonly [number, number]
  readonly pad: 'same' | 'valid' | number
}

const cases: PoolCase[] = [
  { shape: [2, 4, 4, 1], filterSize: [2, 2], strides: [2, 2], pad: 'valid' },
  { shape: [2, 5, 7, 6], filterSize: [2, 3], strides: [1, 2], pad: 'valid' },
  { shape: [1, 7, 5, 9], filterSize: [3, 3], strides: [2, 1], pad: 'same' },
  { shape: [3, 5, 5, 4], filterSize: [3, 3], strides: [1, 1], pad: 1 },
  { shape: [1, 3, 3, 5], filterSize: [5, 5], strides: [1, 1], pad: 'same' },
  { shape: [2, 6, 6, 3], filterSize: [1, 1], strides: [2, 2], pad: 'valid' },
  { shape: [2, 5, 7, 8], filterSize: [2, 2], strides: [2, 2], pad: 'valid' },
  { shape: [2, 5, 7, 8], filterSize: [2, 2], strides: [2, 2], pad: 'same' },
  { shape: [0, 4, 4, 2], filterSize: [2, 2], strides: [2, 2], pad: 'valid' },
]

const infoOf = ({ shape, filterSize, strides, pad }: PoolCase) =>
  backend_util.computePool2DInfo([...shape], [...filterSize], [...strides], 1, pad)

/** The pixels of every window: `visit` is told the offset into y, and those into x. */
function visitWindows(of: PoolCase, visit: (y: number, window: number[]) => void): void {
  const info = infoOf(of)
  const [images, height, width, channels] = of.shape
  let y = 0
  for (let n = 0; n < images; n++)
    for (let i = 0; i < info.outHeight; i++)
      for (let j = 0; j < info.outWidth; j++)
        for (let c = 0; c < channels; c++) {
          const window: number[] = []
          for (let f = 0; f < info.filterHeight; f++)
            for (let g = 0; g < info.filterWidth; g++) {
              const row = i * info.strideHeight - info.padInfo.top + f
              const column = j * info.strideWidth - info.padInfo.left + g
              const inside = row >= 0 && row < height && column >= 0 && column < width
              if (inside) window.push(((n * height + row) * width + column) * channels + c)
            }
          visit(y++, window)
        }
}

const attrsOf = ({ filterSize, strides, pad }: PoolCase) => ({ filterSize, strides, pad })

function expected(of: PoolCase, dy: HostTensor, share: (window: number[]) => [pixel: number, weight: number][]) {
  const values = new Float64Array(of.shape.reduce((a, b) => a * b, 1))
  visitWindows(of, (y, window) => {
    for (const [pixel, weight] of share(window)) {
      values[pixel] = (values[pixel] as number) + weight * (dy.values[y] as number)
    }
  })
  return { shape: of.shape, values }
}

describe.each(cases)('the gradient of pooling $shape by $filterSize, strides $strides, pad $pad', (of) => {
  const x = random(of.shape, 1)
  const dy = random(infoOf(of).outShape, 2)

  it('of maxima goes to the first largest pixel', () => {
    // Few different values, so that windows have several largest pixels.
    const coarse = { ...x, values: (x.values as Float32Array).map((value) => Math.round(value * 2)) }
    const wanted = expected(of, dy, (window) => {
      const value = (pixel: number) => coarse.values[pixel] as number
      return [[window.reduce((best, pixel) => (value(pixel) > value(best) ? pixel : best)), 1]]
    })
    expectClose(kernel('MaxPoolGrad', { dy, input: coarse, output: dy }, attrsOf(of)), wanted)
  })

  // Also at the border, where the forward divides by the pixels inside alone: tfjs defines it so, and tests it.
  it('of averages gives every pixel of a window one part of the whole window', () => {
    const share = 1 / (of.filterSize[0] * of.filterSize[1])
    const wanted = expected(of, dy, (window) => window.map((pixel) => [pixel, share]))
    expectClose(kernel('AvgPoolGrad', { dy, input: x }, attrsOf(of)), wanted)
  })
})

describe('MaxPoolGrad', () => {
  it('gives the gradient to a NaN, and to the first pixel of a window of infinities', () => {
    const attrs = { filterSize: [1, 2], strides: [1, 2], pad: 'valid' }
    const shape = [1, 1, 4, 1]
    const x = { shape, values: Float32Array.of(1, Number.NaN, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY) }
    const dy = { shape: [1, 1, 2, 1], values: Float32Array.of(5, 7) }
    expect([...kernel('MaxPoolGrad', { dy, input: x, output: dy }, attrs).values]).toEqual([0, 5, 7, 0])
    const wide = { shape: [1, 1, 4, 4], values: Float32Array.from(x.values).map((_, i) => x.values[i] as number) }
    const values = Float32Array.from({ length: 16 }, (_, i) => x.values[i >> 2] as number)
    const gradients = { shape: [1, 1, 2, 4], values: Float32Array.of(5, 5, 5, 5, 7, 7, 7, 7) }
    const out = kernel('MaxPoolGrad', { dy: gradients, input: { ...wide, values }, output: gradients }, attrs)
    expect([...out.values]).toEqual([0, 0, 0, 0, 5, 5, 5, 5, 7, 7, 7, 7, 0, 0, 0, 0])
  })

  it('refuses a gradient of another shape', () => {
    const call = () =>
      kernel(
        'MaxPoolGrad',
        { dy: random([1, 3, 3, 1], 1), input: random([1, 4, 4, 1], 2), output: random([1], 1) },
        attrsOf(cases[0] as PoolCase),
      )
    expect(call).toThrow(/output's shape \[1,2,2,1\], found \[1,3,3,1\]/)
  })
})
