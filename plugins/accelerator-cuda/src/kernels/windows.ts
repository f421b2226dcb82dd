import { backend_util, type NamedAttrMap } from '@tensorflow/tfjs-core'
import type { OperationAttribute, TensorFlowBackend } from '../runtime/backend.js'
import { attributes } from './kernel.js'

type Shape4D = [number, number, number, number]
export type WindowInfo = backend_util.Conv2DInfo

interface SlidingAttrs {
  readonly filterSize: [number, number] | number
  readonly strides: [number, number] | number
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding
  readonly dataFormat?: 'NHWC' | 'NCHW'
  readonly dilations?: [number, number] | number | null
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

export function convolutionInfo(
  attrs: NamedAttrMap | undefined,
  input: readonly number[],
  filter: readonly number[],
  depthwise: boolean,
): WindowInfo {
  const { strides, pad, dataFormat = 'NHWC', dilations, dimRoundingMode } = attrs as unknown as SlidingAttrs
  return backend_util.computeConv2DInfo(
    [...input] as Shape4D,
    [...filter] as Shape4D,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
    backend_util.convertConv2DDataFormat(dataFormat),
  )
}

export function poolInfo(attrs: NamedAttrMap | undefined, input: readonly number[]): WindowInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as SlidingAttrs
  return backend_util.computePool2DInfo([...input] as Shape4D, filterSize, strides, 1, pad, dimRoundingMode)
}

/** What TensorFlow's operations with windows have in common. Numbers of zeros are `EXPLICIT`, which tfjs-node has nowhere. */
export function slidingAttributes(backend: TensorFlowBackend, info: WindowInfo): OperationAttribute[] {
  const { type, text, integers } = attributes(backend)
  const { padInfo } = info
  const isNhwc = info.dataFormat === 'channelsLast'
  const around = [padInfo.top, padInfo.bottom, padInfo.left, padInfo.right]
  const isNamed = padInfo.type === 'VALID' || padInfo.type === 'SAME'
  const paddings = isNhwc ? [0, 0, ...around, 0, 0] : [0, 0, 0, 0, ...around]
  return [
    type('T', 'float32'),
    integers('strides', sides(info, info.strideHeight, info.strideWidth)),
    text('data_format', isNhwc ? 'NHWC' : 'NCHW'),
    text('padding', isNamed ? padInfo.type : 'EXPLICIT'),
    ...(isNamed ? [] : [integers('explicit_paddings', paddings)]),
  ]
}

/** Height and width among the four axes. */
export const sides = ({ dataFormat }: WindowInfo, height: number, width: number): number[] =>
  dataFormat === 'channelsLast' ? [1, height, width, 1] : [1, 1, height, width]

export const isEmpty = (shape: readonly number[]): boolean => shape.includes(0)
