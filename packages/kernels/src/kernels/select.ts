import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import type { Runtime } from '../runtime.js'

const BYTES = 'bool'

const isWord = (tensor: TensorInfo | undefined): boolean => tensor?.dtype === 'float32' || tensor?.dtype === 'int32'

export const select: KernelDefinition = {
  name: 'Select',
  gain: 'sixteen numbers at a time',
  /** One condition per element; what has one per row is left to the stock kernel. */
  handles({ condition, t, e }) {
    // The stock kernel takes truth values for words of four bytes, and gives others than were chosen.
    if (condition?.dtype !== 'bool' || !(isWord(t) || t?.dtype === BYTES) || t?.dtype !== e?.dtype) return false
    return sizeOf(condition.shape) === sizeOf(t?.shape ?? [])
  },
  compute(call) {
    const { runtime } = call
    const [condition, t, e] = [input(call, 'condition'), input(call, 't'), input(call, 'e')]
    const out = runtime.output(t.shape, t.dtype)
    if (t.dtype === BYTES) {
      selectBytes(runtime, [condition, t, e, out])
      return out
    }
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

/** In JavaScript: nobody waits for choices between truth values. */
function selectBytes(runtime: Runtime, tensors: readonly TensorInfo[]): void {
  const bytes = tensors.map((tensor) => new Uint8Array(runtime.heap, runtime.address(tensor), sizeOf(tensor.shape)))
  const [condition, t, e, out] = bytes as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  for (let i = 0; i < out.length; i++) out[i] = (condition[i] ? t[i] : e[i]) as number
}
