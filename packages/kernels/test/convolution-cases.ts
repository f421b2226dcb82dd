import { describe, expect, it } from 'vitest'
import { type ConvolutionCase, finiteDifference, forward, gradients, infoOf } from './convolution-reference.js'
import { cpuKernel, expectClose, type HostTensor, kernel, random, size } from './support.js'

const cases: ConvolutionCase[] = [
  { input: [2, 5, 5, 1], filter: [3, 3, 1, 1], strides: [1, 1], pad: 'same' },
  { input: [3, 7, 6, 3], filter: [3, 3, 3, 5], strides: [1, 1], pad: 'valid' },
  { input: [2, 7, 6, 4], filter: [2, 3, 4, 8], strides: [2, 1], pad: 'same' },
  { input: [2, 8, 9, 2], filter: [5, 1, 2, 11], strides: [3, 2], pad: 'valid' },
  { input: [1, 9, 9, 3], filter: [3, 3, 3, 4], strides: [2, 2], pad: 1 },
  {
    input: [2, 6, 7, 2],
    filter: [3, 2, 2, 3],
    strides: [1, 2],
    pad: [
      [0, 0],
      [2, 1],
      [0, 3],
      [0, 0],
    ],
  },
  { input: [3, 4, 5, 6], filter: [1, 1, 6, 7], strides: [1, 1], pad: 'same' },
  { input: [3, 5, 5, 6], filter: [1, 1, 6, 7], strides: [2, 2], pad: 'valid' },
  { input: [2, 1, 19, 5], filter: [1, 5, 5, 3], strides: [1, 2], pad: 'same' },
  { input: [1, 40, 80, 16], filter: [3, 3, 16, 8], strides: [1, 1], pad: 'same' },
  { input: [3, 9, 8, 1], filter: [3, 2, 1, 4], strides: [2, 2], pad: 'same' },
  { input: [2, 6, 7, 1], filter: [5, 5, 1, 3], strides: [1, 3], pad: 2 },
  { input: [2, 2, 3, 1], filter: [5, 7, 1, 3], strides: [2, 1], pad: 'same' },
  { input: [3, 150, 301, 1], filter: [3, 3, 1, 2], strides: [1, 1], pad: 'same' },
  { input: [70, 9, 9, 6], filter: [3, 3, 6, 5], strides: [1, 1], pad: 'same' },
  { input: [0, 5, 5, 2], filter: [3, 3, 2, 4], strides: [1, 1], pad: 'same' },
]

const attrsOf = ({ strides, pad }: ConvolutionCase) => ({ strides, pad, dataFormat: 'NHWC', dimRoundingMode: 'floor' })

/** NHWC to NCHW. */
function channelsFirst({ shape: [n = 0, h = 0, w = 0, c = 0], values }: HostTensor): HostTensor {
  const moved = new Float32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const channel = i % c
    const pixel = Math.floor(i / c) % (h * w)
    const image = Math.floor(i / (c * h * w))
    moved[(image * c + channel) * h * w + pixel] = values[i] as number
  }
  return { shape: [n, c, h, w], values: moved }
}

/** Everything that must hold for the gradients of a convolution, whichever build of the kernels is in use. */
export function convolutionCases(): void {
  describe.each(cases)('the gradients of conv2d $input * $filter, strides $strides, pad $pad', (of) => {
    const x = random(of.input, 1)
    const w = random(of.filter, 2)
    const dy = random(infoOf(of).outShape, 3)
    const wanted = gradients(of, x, w, dy)
    const tolerance = { absolute: 2e-6 * Math.sqrt(size(dy.shape)) + 1e-6 }
    const filterGradient = () => kernel('Conv2DBackpropFilter', { x, dy }, { ...attrsOf(of), filterShape: of.filter })
    const inputGradient = () =>
      kernel('Conv2DBackpropInput', { dy, filter: w }, { ...attrsOf(of), inputShape: of.input })

    it('are those of float64, and so is its value', () => {
      const y = { shape: dy.shape, values: forward(of, x.values, w.values) }
      expectClose(kernel('Conv2D', { x, filter: w }, attrsOf(of)), y, { absolute: 1e-5 })
      expectClose(filterGradient(), wanted.dw, tolerance)
      expectClose(inputGradient(), wanted.dx, tolerance)
    })

    it('are those of finite differences', () => {
      const found = { x: inputGradient(), w: filterGradient() }
      for (const which of ['x', 'w'] as const) {
        const { values } = found[which]
        for (const index of [0, values.length >> 1, values.length - 1]) {
          if (index < 0 || values.length === 0 || size(of.input) > 10_000) continue
          expect(values[index]).toBeCloseTo(finiteDifference(of, x, w, dy, which, index), 4)
        }
      }
    })

    it('are the same with the channels first', () => {
      const { strides } = of
      const pad = Array.isArray(of.pad) ? [of.pad[0], of.pad[3], of.pad[1], of.pad[2]] : of.pad
      const attrs = { ...attrsOf(of), pad, strides, dataFormat: 'NCHW' }
      const first = { x: channelsFirst(x), dy: channelsFirst(dy) }
      const dw = kernel('Conv2DBackpropFilter', first, { ...attrs, filterShape: of.filter })
      expectClose(dw, wanted.dw, tolerance)
      const inputs = { dy: first.dy, filter: w }
      const dx = kernel('Conv2DBackpropInput', inputs, { ...attrs, inputShape: first.x.shape })
      const moved = channelsFirst({ ...wanted.dx, values: Float32Array.from(wanted.dx.values) })
      expectClose(dx, moved, tolerance)
    })
  })

  it('keeps a NaN of the output gradient within its patch', async () => {
    const of: ConvolutionCase = { input: [1, 6, 6, 2], filter: [3, 3, 2, 3], strides: [1, 1], pad: 'same' }
    const dy = random(infoOf(of).outShape, 3)
    dy.values[0] = Number.NaN
    const call = [
      'Conv2DBackpropInput',
      { dy, filter: random(of.filter, 2) },
      { ...attrsOf(of), inputShape: of.input },
    ] as const
    const found = kernel(...call)
    expect([...found.values].filter(Number.isNaN)).toHaveLength(8)
    expectClose(found, await cpuKernel(...call))
  })
}
