import { input, type KernelDefinition } from '../kernel-definition.js'
import { copyStrided, stepsOf } from '../strided-copy.js'
import { bytesPerElement } from '../wasm-backend.js'

/** Whether the elements stay in their order: only axes of length 1 change places. */
function keepsOrder(shape: readonly number[], perm: readonly number[]): boolean {
  let last = -1
  for (const axis of perm) {
    if (shape[axis] === 1) continue
    if (axis < last) return false
    last = axis
  }
  return true
}

export const transpose: KernelDefinition = {
  name: 'Transpose',
  gain: 'copies blocks where the last axes stay last, and planes by tiles of 16 × 16 where not; every dtype',
  handles: ({ x }) => x?.dtype !== 'string',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const perm = attrs['perm'] as number[]
    const shape = perm.map((axis) => x.shape[axis] ?? 1)
    if (keepsOrder(x.shape, perm)) return runtime.share(x, shape)
    const out = runtime.output(shape, x.dtype)
    if (shape.includes(0)) return out
    const unit = bytesPerElement(x.dtype)
    const from = stepsOf(x.shape, unit)
    const to = stepsOf(shape, unit)
    const axes = perm.map((axis, at) => ({ count: shape[at] ?? 1, from: from[axis] ?? 0, to: to[at] ?? 0 }))
    copyStrided(runtime, unit, axes, runtime.address(x), runtime.address(out))
    return out
  },
}
