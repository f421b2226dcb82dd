import { transformRows } from '../fourier.js'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

function transform(name: 'FFT' | 'IFFT', inverse: boolean): KernelDefinition {
  return {
    name,
    gain: 'new: computed on the host in float64, O(n log n) for every length',
    compute(call) {
      const { runtime } = call
      const x = input(call, 'input')
      const out = runtime.output(x.shape, 'complex64')
      const count = sizeOf(x.shape)
      const values = new Float32Array(runtime.heap, runtime.address(out), count * 2)
      values.set(new Float32Array(runtime.heap, runtime.address(x), count * 2))
      if (count > 0) transformRows(values, x.shape.at(-1) ?? 1, inverse)
      return out
    },
  }
}

export const fft: KernelDefinition = transform('FFT', false)
export const ifft: KernelDefinition = transform('IFFT', true)
