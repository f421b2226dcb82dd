import { backend_util, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition } from '../kernel-definition.js'

function poolInfo(attrs: NamedAttrMap, shape: readonly number[]): backend_util.Conv2DInfo {
  return backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    attrs['filterSize'] as [number, number],
    attrs['strides'] as [number, number],
    1,
    attrs['pad'] as 'same' | 'valid' | number | backend_util.ExplicitPadding,
    attrs['dimRoundingMode'] as 'floor' | 'round' | 'ceil' | undefined,
  )
}

/** The sizes in the order in which all of them take them. */
function sizes(info: backend_util.Conv2DInfo): number[] {
  return [
    info.batchSize,
    info.inHeight,
    info.inWidth,
    info.inChannels,
    info.filterHeight,
    info.filterWidth,
    info.outHeight,
    info.outWidth,
    info.strideHeight,
    info.strideWidth,
    info.padInfo.top,
    info.padInfo.left,
  ]
}

function forward(name: string, gain: string, compute: 'maxPool' | 'averagePool'): KernelDefinition {
  return {
    name,
    gain,
    handles: ({ x }) => x?.dtype === 'float32',
    compute(call) {
      const { runtime, attrs } = call
      const x = input(call, 'x')
      const info = poolInfo(attrs, x.shape)
      const y = runtime.output(info.outShape, 'float32')
      runtime.wasm[compute](runtime.address(x), runtime.address(y), ...sizes(info))
      return y
    },
  }
}

export const maxPool = forward(
  'MaxPool',
  'passes over NaN alone; the stock kernel loses other pixels with it',
  'maxPool',
)
export const avgPool = forward('AvgPool', 'keeps NaN, which the stock kernel turns into −∞', 'averagePool')

/** The gradients read dy by the pooling's own output shape. */
function assertShape(dy: TensorInfo, info: backend_util.Conv2DInfo): void {
  if (dy.shape.some((length, axis) => length !== info.outShape[axis])) {
    throw new Error(
      `Expected the gradient of a pooling to have its output's shape [${info.outShape}], found [${dy.shape}].`,
    )
  }
}

export const maxPoolGrad: KernelDefinition = {
  name: 'MaxPoolGrad',
  gain: 'four channels at a time; a NaN keeps its gradient',
  handles: ({ dy, input: x }) => dy?.dtype === 'float32' && x?.dtype === 'float32',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'input')
    const dy = input(call, 'dy')
    const info = poolInfo(attrs, x.shape)
    assertShape(dy, info)
    const dx = runtime.output(x.shape, 'float32')
    runtime.wasm.maxPoolGradient(runtime.address(x), runtime.address(dy), runtime.address(dx), ...sizes(info))
    return dx
  },
}

export const avgPoolGrad: KernelDefinition = {
  name: 'AvgPoolGrad',
  gain: 'four channels at a time',
  handles: ({ dy }) => dy?.dtype === 'float32',
  compute(call) {
    const { runtime, attrs } = call
    const { shape } = input(call, 'input')
    const dy = input(call, 'dy')
    const info = poolInfo(attrs, shape)
    assertShape(dy, info)
    const dx = runtime.output(shape, 'float32')
    runtime.wasm.averagePoolGradient(runtime.address(dy), runtime.address(dx), ...sizes(info))
    return dx
  },
}
