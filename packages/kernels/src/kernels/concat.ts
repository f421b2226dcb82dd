import { backend_util, type NamedTensorInfoMap, type TensorInfo, util } from '@tensorflow/tfjs-core'
import { type KernelCall, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import { bytesPerElement } from '../wasm-backend.js'

/** The engine hands a flat list over. */
const listOf = (inputs: NamedTensorInfoMap): readonly TensorInfo[] => inputs as unknown as readonly TensorInfo[]

/** Whether all have one dtype that lies on the heap; the stock kernel converts others as it copies. */
function isUniform(inputs: NamedTensorInfoMap): boolean {
  const [first, ...others] = listOf(inputs)
  return first?.dtype !== 'string' && others.every(({ dtype }) => dtype === first?.dtype)
}

/** Puts tensors side by side: of each, `outer` blocks go to every `outer`-th part of the output, one tensor after the other. */
function putSideBySide({ runtime }: KernelCall, tensors: readonly TensorInfo[], outer: number, out: TensorInfo): void {
  const unit = bytesPerElement(out.dtype)
  const row = (sizeOf(out.shape) / outer) * unit
  let to = runtime.address(out)
  for (const tensor of tensors) {
    const block = (sizeOf(tensor.shape) / outer) * unit
    if (block === 0) continue
    runtime.wasm.copyBlocks(runtime.address(tensor), to, block, outer, block, row, 1, 0, 0, 1, 0, 0)
    to += block
  }
}

export const concat: KernelDefinition = {
  name: 'Concat',
  gain: 'one loop over blocks for each input; the stock kernel makes a view for each row; on complex64 too',
  handles: isUniform,
  compute(call) {
    const { runtime, attrs } = call
    const tensors = listOf(call.inputs)
    const [first] = tensors as [TensorInfo]
    const shapes = tensors.map(({ shape }) => shape)
    const [axis = 0] = util.parseAxisParam(attrs['axis'] as number, first.shape)
    backend_util.assertParamsConsistent(shapes, axis)
    const shape = backend_util.computeOutShape(shapes, axis)
    const filled = tensors.filter((tensor) => sizeOf(tensor.shape) > 0)
    if (filled.length === 1) return runtime.share(filled[0] as TensorInfo, shape)
    const out = runtime.output(shape, first.dtype)
    if (filled.length > 0) putSideBySide(call, filled, sizeOf(shape.slice(0, axis)), out)
    return out
  },
}

export const pack: KernelDefinition = {
  name: 'Pack',
  gain: 'one loop over blocks for each input',
  handles: isUniform,
  compute(call) {
    const { runtime, attrs } = call
    const tensors = listOf(call.inputs)
    const [first] = tensors as [TensorInfo]
    for (const { shape } of tensors) {
      util.assertShapesMatch(first.shape, shape, 'All tensors passed to stack must have matching shapes')
    }
    const given = Number(attrs['axis'] ?? 0)
    const axis = given < 0 ? given + first.shape.length + 1 : given
    const shape = [...first.shape.slice(0, axis), tensors.length, ...first.shape.slice(axis)]
    if (tensors.length === 1) return runtime.share(first, shape)
    const out = runtime.output(shape, first.dtype)
    if (sizeOf(shape) > 0) putSideBySide(call, tensors, sizeOf(shape.slice(0, axis)), out)
    return out
  },
}
