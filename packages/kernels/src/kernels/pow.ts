import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import type { Runtime } from '../runtime.js'

/** Powers that are a few multiplications; what rounds or ends differently at ±∞ (√ among them) is not here. */
const POWERS: ReadonlyMap<number, (runtime: Runtime, x: TensorInfo) => TensorInfo> = new Map([
  [1, (runtime, x) => runtime.share(x, x.shape)],
  [2, (runtime, x) => runtime.run('Square', { x })],
  [
    3,
    (runtime, x) =>
      runtime.replace(runtime.run('Square', { x }), (square) => runtime.run('Multiply', { a: square, b: x })),
  ],
  [-1, (runtime, x) => runtime.run('Reciprocal', { x })],
])

export const pow: KernelDefinition = {
  name: 'Pow',
  gain: 'to the power of 1, 2, 3 and −1 by multiplication; the rest is left to the stock kernel',
  handles: ({ a, b }) =>
    a?.dtype === 'float32' && b?.dtype === 'float32' && sizeOf(b.shape) === 1 && b.shape.length <= a.shape.length,
  compute(call) {
    const { runtime, stock, inputs, attrs } = call
    const [a, b] = [input(call, 'a'), input(call, 'b')]
    const exponent = new Float32Array(runtime.heap, runtime.address(b), 1)[0] ?? Number.NaN
    const power = POWERS.get(exponent)
    if (power !== undefined) return power(runtime, a)
    if (stock === undefined) throw new Error('The wasm backend lacks the kernel Pow; is it imported whole?')
    return stock({ inputs, attrs, backend: runtime.backend }) as TensorInfo
  },
}
