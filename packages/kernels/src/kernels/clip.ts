import type { NamedAttrMap } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

function clipTo(name: string, bounds: (attrs: NamedAttrMap) => readonly [low: number, high: number]): KernelDefinition {
  return {
    name,
    gain: 'keeps NaN, which the stock kernel turns into a bound',
    handles: ({ x }) => x?.dtype === 'float32',
    compute(call) {
      const { runtime } = call
      const x = input(call, 'x')
      const out = runtime.output(x.shape, 'float32')
      runtime.wasm.clip(runtime.address(x), runtime.address(out), sizeOf(x.shape), ...bounds(call.attrs))
      return out
    },
  }
}

export const clipByValue: KernelDefinition = clipTo('ClipByValue', (attrs) => [
  Number(attrs['clipValueMin']),
  Number(attrs['clipValueMax']),
])

export const relu6: KernelDefinition = clipTo('Relu6', () => [0, 6])
