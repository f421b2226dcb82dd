import type { DataType } from '@tensorflow/tfjs-core'
import { assertFloat, delegate, input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

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

export const cast: KernelDefinition = {
  name: 'Cast',
  gain: 'to and from complex64; everything else is left to the stock kernel',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const dtype = attrs['dtype'] as DataType
    const toComplex = dtype === 'complex64'
    if (x.dtype === 'complex64' ? toComplex : !toComplex) {
      if (x.dtype !== 'complex64') return delegate(call)
      runtime.backend.incRef(x.dataId)
      return { ...x }
    }
    if (x.dtype === 'complex64') {
      const reals = runtime.run('Real', { input: x })
      if (dtype === 'float32') return reals
      const out = runtime.run('Cast', { x: reals }, { dtype })
      runtime.dispose(reals)
      return out
    }
    const reals = runtime.run('Cast', { x }, { dtype: 'float32' })
    const zeros = runtime.run('ZerosLike', { x: reals })
    const out = runtime.run('Complex', { real: reals, imag: zeros })
    runtime.dispose(reals)
    runtime.dispose(zeros)
    return out
  },
}
