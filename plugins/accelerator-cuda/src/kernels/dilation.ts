import { type NamedAttrMap, pad, reshape, slice, type Tensor4D, tidy } from '@tensorflow/tfjs-core'
import type { WindowInfo } from './windows.js'

// TensorFlow's gradients of a depthwise convolution take dilations on a GPU only: on a CPU they are wrong, or fail in
// oneDNN. With zeros between its elements the filter is one without dilation.

export const isDilated = ({ dilationHeight, dilationWidth }: WindowInfo): boolean =>
  dilationHeight > 1 || dilationWidth > 1

/** Attributes of the same convolution by the filter that is spread. `'same'` is counted out: it depends on the filter. */
export function asDense(attrs: NamedAttrMap | undefined, { padInfo }: WindowInfo): NamedAttrMap {
  const around = [
    [0, 0],
    [padInfo.top, padInfo.bottom],
    [padInfo.left, padInfo.right],
    [0, 0],
  ]
  return { ...attrs, pad: padInfo.type === 'VALID' ? 'valid' : around, dilations: [1, 1] } as NamedAttrMap
}

/** The shape of a filter `[height, width, in, out]` that is spread. */
export const wideShape = ([height, width, ...rest]: readonly number[], info: WindowInfo): number[] => [
  ((height as number) - 1) * info.dilationHeight + 1,
  ((width as number) - 1) * info.dilationWidth + 1,
  ...rest,
]

/** The filter with `dilation - 1` zeros between its elements, along height and width. */
export function spread(filter: Tensor4D, info: WindowInfo): Tensor4D {
  const [height, width, inputs, outputs] = filter.shape
  const { dilationHeight, dilationWidth } = info
  return tidy(() => {
    const apart = reshape(filter, [height, 1, width, 1, inputs * outputs])
    const zeros = [
      [0, 0],
      [0, dilationHeight - 1],
      [0, 0],
      [0, dilationWidth - 1],
      [0, 0],
    ] as [number, number][]
    const padded = reshape(pad(apart, zeros), [height * dilationHeight, width * dilationWidth, inputs, outputs])
    return slice(padded, [0, 0, 0, 0], wideShape(filter.shape, info) as [number, number, number, number]) as Tensor4D
  })
}
