import { describe, expect, it } from 'vitest'
import { type ConvolutionCase, finiteDifference, gradients, infoOf } from './convolution-reference.js'
import { expectClose, kernel, random, size } from './support.js'

const depthwise = true
const cases: ConvolutionCase[] = [
  { input: [2, 5, 5, 1], filter: [3, 3, 1, 1], strides: [1, 1], pad: 'same', depthwise },
  { input: [2, 7, 6, 9], filter: [3, 3, 9, 1], strides: [1, 1], pad: 'valid', depthwise },
  { input: [3, 8, 7, 4], filter: [2, 5, 4, 1], strides: [2, 1], pad: 'same', depthwise },
  { input: [1, 9, 9, 5], filter: [3, 3, 5, 3], strides: [2, 3], pad: 'same', depthwise },
  { input: [2, 9, 8, 6], filter: [3, 3, 6, 1], strides: [1, 1], pad: 'same', dilations: [2, 3], depthwise },
  { input: [2, 9, 8, 3], filter: [3, 2, 3, 2], strides: [1, 1], pad: 'valid', dilations: [3, 1], depthwise },
  { input: [2, 6, 6, 4], filter: [3, 3, 4, 2], strides: [2, 2], pad: 1, depthwise },
  { input: [1, 2, 2, 4], filter: [5, 5, 4, 1], strides: [1, 1], pad: 'same', depthwise },
  { input: [0, 5, 5, 4], filter: [3, 3, 4, 1], strides: [1, 1], pad: 'same', depthwise },
]

/** Everything that must hold for the gradients of a depthwise convolution, whichever build of the kernels is in use. */
export function depthwiseCases(): void {
  describe.each(cases)(
    'the gradients of depthwiseConv2d $input * $filter, strides $strides, dilations $dilations',
    (of) => {
      const x = random(of.input, 1)
      const w = random(of.filter, 2)
      const dy = random(infoOf(of).outShape, 3)
      const attrs = { strides: of.strides, pad: of.pad, dilations: of.dilations ?? [1, 1], dimRoundingMode: 'floor' }
      const found = () => ({
        x: kernel('DepthwiseConv2dNativeBackpropInput', { dy, filter: w }, { ...attrs, inputShape: of.input }),
        w: kernel('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...attrs, filterShape: of.filter }),
      })

      it('are those of float64', () => {
        const wanted = gradients(of, x, w, dy)
        expectClose(found().x, wanted.dx)
        expectClose(found().w, wanted.dw, { absolute: 2e-6 * Math.sqrt(size(dy.shape)) + 1e-6 })
      })

      it('are those of finite differences', () => {
        const values = { x: found().x.values, w: found().w.values }
        for (const which of ['x', 'w'] as const) {
          for (const index of [0, values[which].length >> 1, values[which].length - 1]) {
            if (values.x.length === 0) continue
            expect(values[which][index]).toBeCloseTo(finiteDifference(of, x, w, dy, which, index), 4)
          }
        }
      })
    },
  )
}
