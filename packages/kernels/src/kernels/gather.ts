import { type TensorInfo, util } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import { bytesPerElement } from '../wasm-backend.js'
import { byParts, hasComplex } from './complex-by-parts.js'

const complexGather = byParts('GatherV2')

const isPlain = (indices: TensorInfo | undefined, batchDims: unknown): boolean =>
  indices?.dtype === 'int32' && Number(batchDims ?? 0) === 0

export const gather: KernelDefinition = {
  name: 'GatherV2',
  gain: 'copies slices, ids checked on the heap; on complex64 too',
  handles: (inputs, attrs) => {
    const { x, indices } = inputs
    return hasComplex(inputs) || (x?.dtype !== 'string' && isPlain(indices, attrs?.['batchDims']))
  },
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    if (x.dtype === 'complex64') return complexGather.compute(call)
    const indices = input(call, 'indices')
    const axis = util.parseAxisParam(Number(attrs['axis'] ?? 0), x.shape)[0] ?? 0
    const size = x.shape[axis] ?? 0
    const inner = x.shape.slice(axis + 1)
    const outer = x.shape.slice(0, axis)
    const out = runtime.output([...outer, ...indices.shape, ...inner], x.dtype)
    const ids = runtime.address(indices)
    const wrong = runtime.wasm.gather(
      runtime.address(x),
      ids,
      runtime.address(out),
      sizeOf(outer),
      size,
      sizeOf(indices.shape),
      sizeOf(inner) * bytesPerElement(x.dtype),
    )
    if (wrong >= 0) {
      const index = new Int32Array(runtime.heap, ids, sizeOf(indices.shape))[wrong]
      runtime.dispose(out)
      throw new Error(`GatherV2: the index value ${index} is not in [0, ${size - 1}]`)
    }
    return out
  },
}
