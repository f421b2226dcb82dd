import {
  type backend_util,
  batchToSpaceND,
  pad,
  reshape,
  slice,
  spaceToBatchND,
  type Tensor4D,
} from '@tensorflow/tfjs-core'
import { explicitPadding, type Pads, reach } from './padding.js'

/** A convolution without dilation, with or without the bias. */
export type PlainConvolution = (
  x: Tensor4D,
  filter: Tensor4D,
  strides: [number, number],
  padding: 'valid' | backend_util.ExplicitPadding,
) => Tensor4D

export interface Sliding {
  readonly stride: readonly [number, number]
  readonly dilation: readonly [number, number]
  readonly pads: Pads
}

/**
 * A convolution that can be dilated and differentiated. tfjs computes dilated convolutions but has no gradient of them,
 * and none at all with strides; so they are made of plain ones:
 * - without strides, the pixels that one tap pattern sees become images of their own (space to batch): no more work;
 * - with strides, the gaps become zeros of the filter: dilation² times the work, and rare.
 */
export function convolve(plain: PlainConvolution, x: Tensor4D, filter: Tensor4D, sliding: Sliding): Tensor4D {
  const { stride, dilation, pads } = sliding
  if (dilation[0] === 1 && dilation[1] === 1) return plain(x, filter, [...stride], explicitPadding(pads))
  if (stride[0] === 1 && stride[1] === 1) return throughBatches(plain, x, filter, dilation, pads)
  return plain(x, withGaps(filter, dilation), [...stride], explicitPadding(pads))
}

// --- Internal helpers ---

function throughBatches(
  plain: PlainConvolution,
  x: Tensor4D,
  filter: Tensor4D,
  dilation: readonly [number, number],
  pads: Pads,
): Tensor4D {
  const [, height, width] = x.shape
  const missing = ([0, 1] as const).map((axis) => {
    const padded = (axis === 0 ? height : width) + pads[axis][0] + pads[axis][1]
    return (dilation[axis] - (padded % dilation[axis])) % dilation[axis]
  }) as [number, number]
  const blocks = [...dilation]
  const paddings = ([0, 1] as const).map((axis) => [pads[axis][0], pads[axis][1] + missing[axis]])
  const y = plain(spaceToBatchND(x, blocks, paddings), filter, [1, 1], 'valid')
  const crops = missing.map((size) => [0, size])
  return batchToSpaceND(y, blocks, crops)
}

/** The filter with `dilation - 1` zeros between its taps. */
function withGaps(filter: Tensor4D, [down, across]: readonly [number, number]): Tensor4D {
  const [height, width, inputs, outputs] = filter.shape
  const taps = reshape(filter, [height, 1, width, 1, inputs * outputs])
  const spread = pad(taps, [
    [0, 0],
    [0, down - 1],
    [0, 0],
    [0, across - 1],
    [0, 0],
  ])
  const grid = reshape(spread, [height * down, width * across, inputs, outputs])
  return slice(grid, [0, 0, 0, 0], [reach(height, down), reach(width, across), inputs, outputs]) as Tensor4D
}
