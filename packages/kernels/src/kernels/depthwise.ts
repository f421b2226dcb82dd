import { backend_util, type NamedAttrMap } from '@tensorflow/tfjs-core'
import { assertFloat, input, type KernelDefinition } from '../kernel-definition.js'

type Shape4D = [number, number, number, number]

function depthwiseInfo(attrs: NamedAttrMap, inputShape: readonly number[], filterShape: readonly number[]) {
  return backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    attrs['strides'] as [number, number],
    (attrs['dilations'] ?? 1) as [number, number],
    attrs['pad'] as 'same' | 'valid' | number | backend_util.ExplicitPadding,
    attrs['dimRoundingMode'] as 'floor' | 'round' | 'ceil' | undefined,
    true,
  )
}

/** The sizes in the order in which both gradients take them. */
function sizes(info: backend_util.Conv2DInfo, multiplier: number): number[] {
  return [
    info.batchSize,
    info.inHeight,
    info.inWidth,
    info.inChannels,
    info.filterHeight,
    info.filterWidth,
    info.outHeight,
    info.outWidth,
    multiplier,
    info.strideHeight,
    info.strideWidth,
    info.padInfo.top,
    info.padInfo.left,
    info.dilationHeight,
    info.dilationWidth,
  ]
}

export const depthwiseBackpropFilter: KernelDefinition = {
  name: 'DepthwiseConv2dNativeBackpropFilter',
  gain: 'new: depthwise and separable convolutions train on the wasm backend',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const dy = input(call, 'dy')
    assertFloat('DepthwiseConv2dNativeBackpropFilter', x, dy)
    const filterShape = attrs['filterShape'] as Shape4D
    const info = depthwiseInfo(attrs, x.shape, filterShape)
    const dw = runtime.output(filterShape, 'float32')
    runtime.wasm.depthwiseFilterGradient(
      runtime.address(x),
      runtime.address(dy),
      runtime.address(dw),
      ...sizes(info, filterShape[3]),
    )
    return dw
  },
}

export const depthwiseBackpropInput: KernelDefinition = {
  name: 'DepthwiseConv2dNativeBackpropInput',
  gain: 'new: depthwise and separable convolutions train on the wasm backend',
  compute(call) {
    const { runtime, attrs } = call
    const dy = input(call, 'dy')
    const filter = input(call, 'filter')
    assertFloat('DepthwiseConv2dNativeBackpropInput', dy, filter)
    const info = depthwiseInfo(attrs, attrs['inputShape'] as number[], filter.shape)
    const dx = runtime.output(info.inShape, 'float32')
    runtime.wasm.depthwiseInputGradient(
      runtime.address(dy),
      runtime.address(filter),
      runtime.address(dx),
      ...sizes(info, filter.shape[3] ?? 1),
    )
    return dx
  },
}
