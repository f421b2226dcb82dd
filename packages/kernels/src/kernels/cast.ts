import type { DataType, TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelCall, type KernelDefinition } from '../kernel-definition.js'

function toComplex({ runtime }: KernelCall, x: TensorInfo): TensorInfo {
  return runtime.replace(runtime.run('Cast', { x }, { dtype: 'float32' }), (real) =>
    runtime.replace(runtime.run('ZerosLike', { x: real }), (imag) => runtime.run('Complex', { real, imag })),
  )
}

/** Everything but zero is true; the stock kernel keeps the low byte. */
function toBool({ runtime }: KernelCall, x: TensorInfo): TensorInfo {
  const zero = runtime.output([], x.dtype)
  new Uint32Array(runtime.heap, runtime.address(zero), 1)[0] = 0
  return runtime.replace(zero, (b) => runtime.run('NotEqual', { a: x, b }))
}

export const cast: KernelDefinition = {
  name: 'Cast',
  gain: 'to the same dtype without a copy, to and from complex64, and to bool; the rest is left to the stock kernel',
  handles: ({ x }, attrs) => {
    const dtype = attrs?.['dtype']
    if (x === undefined || x.dtype === 'string') return false
    return x.dtype === dtype || x.dtype === 'complex64' || dtype === 'complex64' || dtype === 'bool'
  },
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const dtype = attrs['dtype'] as DataType
    if (x.dtype === dtype) return runtime.run('Identity', { x })
    if (x.dtype === 'complex64') {
      const real = runtime.run('Real', { input: x })
      return dtype === 'float32' ? real : runtime.replace(real, (part) => runtime.run('Cast', { x: part }, { dtype }))
    }
    return dtype === 'complex64' ? toComplex(call, x) : toBool(call, x)
  },
}
