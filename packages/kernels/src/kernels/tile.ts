import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import { bytesPerElement } from '../wasm-backend.js'

export const tile: KernelDefinition = {
  name: 'Tile',
  gain: 'copies whole blocks, one axis after the other; on complex64 too',
  handles: ({ x }) => x?.dtype !== 'string',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const reps = attrs['reps'] as number[]
    // From the last axis on, so that the blocks that are copied grow.
    let value: TensorInfo = x
    for (let axis = reps.length - 1; axis >= 0; axis--) {
      const times = reps[axis] ?? 1
      if (times === 1) continue
      const from: TensorInfo = value
      const out = runtime.output(
        from.shape.map((length, index) => (index === axis ? length * times : length)),
        x.dtype,
      )
      const bytes = sizeOf(from.shape.slice(axis)) * bytesPerElement(x.dtype)
      const outer = sizeOf(from.shape.slice(0, axis))
      runtime.wasm.repeatBlocks(runtime.address(from), runtime.address(out), outer, bytes, times)
      if (from !== x) runtime.dispose(from)
      value = out
    }
    return value === x ? runtime.share(x, x.shape) : value
  },
}
