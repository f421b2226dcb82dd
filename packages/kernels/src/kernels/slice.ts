import { slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import type { Runtime } from '../runtime.js'
import { copyStrided, stepsOf } from '../strided-copy.js'
import { bytesPerElement } from '../wasm-backend.js'

type SlicedTensor = Parameters<typeof slice_util.parseSliceParams>[0]

/** Every `strides[axis]`-th element from `begin[axis]` on, `size[axis]` of them, in a new tensor of shape `size`. */
function copySlice(
  runtime: Runtime,
  x: TensorInfo,
  begin: readonly number[],
  size: readonly number[],
  strides?: readonly number[],
): TensorInfo {
  const out = runtime.output(size, x.dtype)
  if (sizeOf(size) === 0) return out
  const unit = bytesPerElement(x.dtype)
  const from = stepsOf(x.shape, unit)
  const to = stepsOf(size, unit)
  let source = runtime.address(x)
  const axes = size.map((count, axis) => {
    const step = from[axis] ?? 0
    source += (begin[axis] ?? 0) * step
    return { count, from: step * (strides?.[axis] ?? 1), to: to[axis] ?? 0 }
  })
  copyStrided(runtime, unit, axes, source, runtime.address(out))
  return out
}

export const slice: KernelDefinition = {
  name: 'Slice',
  gain: 'copies the slice alone; the stock kernel copies the whole input first',
  handles: ({ x }) => x?.dtype !== 'string',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const [begin = [], size = []] = slice_util.parseSliceParams(
      x as SlicedTensor,
      attrs['begin'] as number | number[],
      attrs['size'] as number | number[],
    )
    slice_util.assertParamsValid(x as SlicedTensor, begin, size)
    return copySlice(runtime, x, begin, size)
  },
}

export const stridedSlice: KernelDefinition = {
  name: 'StridedSlice',
  gain: 'copies what it keeps; the stock kernel walks the whole input, and makes float32 of every dtype',
  handles: ({ x }) => x?.dtype !== 'string',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const list = (name: string) => attrs[name] as number[]
    const mask = (name: string) => attrs[name] as number
    const info = slice_util.sliceInfo(
      x.shape,
      list('begin'),
      list('end'),
      list('strides'),
      mask('beginMask'),
      mask('endMask'),
      mask('ellipsisMask'),
      mask('newAxisMask'),
      mask('shrinkAxisMask'),
    )
    if (info.isIdentity) return runtime.share(x, info.finalShape)
    // Where the end lies before the beginning, nothing is taken.
    const size = slice_util.computeOutShape(info.begin, info.end, info.strides).map((count) => Math.max(0, count))
    const out = copySlice(runtime, x, info.begin, size, info.strides)
    return { ...out, shape: info.finalShape }
  },
}

export const reverse: KernelDefinition = {
  name: 'Reverse',
  gain: 'copies rows; the stock kernel copies element by element; on complex64 too',
  handles: ({ x }) => x?.dtype !== 'string',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const dims = util.parseAxisParam(attrs['dims'] as number | number[], x.shape)
    const turned = (axis: number) => dims.includes(axis)
    const begin = x.shape.map((length, axis) => (turned(axis) ? length - 1 : 0))
    const strides = x.shape.map((_, axis) => (turned(axis) ? -1 : 1))
    return copySlice(runtime, x, begin, x.shape, strides)
  },
}
