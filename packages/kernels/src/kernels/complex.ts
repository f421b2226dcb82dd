import { assertFloat, input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

export const complex: KernelDefinition = {
  name: 'Complex',
  gain: 'new: complex64 tensors, interleaved on the heap',
  compute(call) {
    const { runtime } = call
    const real = input(call, 'real')
    const imag = input(call, 'imag')
    assertFloat('Complex', real, imag)
    const out = runtime.output(real.shape, 'complex64')
    const count = sizeOf(real.shape)
    runtime.wasm.interleave(runtime.address(real), runtime.address(imag), runtime.address(out), count)
    return out
  },
}

function part(name: 'Real' | 'Imag', index: 0 | 1): KernelDefinition {
  return {
    name,
    gain: 'new: a part of a complex64 tensor',
    compute(call) {
      const { runtime } = call
      const x = input(call, 'input')
      const out = runtime.output(x.shape, 'float32')
      runtime.wasm.deinterleave(runtime.address(x), runtime.address(out), sizeOf(x.shape), index)
      return out
    },
  }
}

export const real: KernelDefinition = part('Real', 0)
export const imag: KernelDefinition = part('Imag', 1)

export const complexAbs: KernelDefinition = {
  name: 'ComplexAbs',
  gain: 'new: absolute values of complex64 tensors',
  compute(call) {
    const { runtime } = call
    const x = input(call, 'x')
    const out = runtime.output(x.shape, 'float32')
    runtime.wasm.absComplex(runtime.address(x), runtime.address(out), sizeOf(x.shape))
    return out
  },
}
