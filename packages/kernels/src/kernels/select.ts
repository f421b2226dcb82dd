import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

const isWord = (tensor: TensorInfo | undefined): boolean => tensor?.dtype === 'float32' || tensor?.dtype === 'int32'

export const select: KernelDefinition = {
  name: 'Select',
  gain: 'sixteen numbers at a time',
  /** One condition per element; what has one per row is left to the stock kernel. */
  handles({ condition, t, e }) {
    if (condition?.dtype !== 'bool' || !isWord(t) || t?.dtype !== e?.dtype) return false
    return sizeOf(condition.shape) === sizeOf(t?.shape ?? [])
  },
  compute(call) {
    const { runtime } = call
    const [condition, t, e] = [input(call, 'condition'), input(call, 't'), input(call, 'e')]
    const out = runtime.output(t.shape, t.dtype)
    runtime.wasm.select(
      runtime.address(condition),
      runtime.address(t),
      runtime.address(e),
      runtime.address(out),
      sizeOf(t.shape),
    )
    return out
  },
}
