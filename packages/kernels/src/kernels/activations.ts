import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

/** A function of single elements; `kind` is its number in `assembly/elementwise.ts`. */
function unary(name: string, gain: string, kind: number | ((attrs: NamedAttrMap) => number)): KernelDefinition {
  return {
    name,
    gain,
    handles: ({ x }) => x?.dtype === 'float32',
    compute({ runtime, attrs, inputs }) {
      const x = inputs['x'] as TensorInfo
      const out = runtime.output(x.shape, 'float32')
      const number = typeof kind === 'number' ? kind : kind(attrs)
      runtime.wasm.unary(number, runtime.address(x), runtime.address(out), sizeOf(x.shape))
      return out
    },
  }
}

/** A gradient from `dy` and the activation's output `y` or its input `x`. */
function gradient(name: string, from: 'x' | 'y', kind: number | ((attrs: NamedAttrMap) => number)): KernelDefinition {
  return {
    name,
    gain: 'new: the gradient in one pass',
    compute(call) {
      const { runtime, attrs } = call
      const dy = input(call, 'dy')
      const out = runtime.output(dy.shape, 'float32')
      runtime.wasm.unaryGradient(
        typeof kind === 'number' ? kind : kind(attrs),
        runtime.address(dy),
        runtime.address(input(call, from)),
        runtime.address(out),
        sizeOf(dy.shape),
        Number(attrs['alpha'] ?? 0),
      )
      return out
    },
  }
}

const vectorised = 'four numbers at a time'
const isApproximate = (attrs: NamedAttrMap): boolean => Number(attrs['approximate']) === 1

/** Kernels of tfjs that the stock backend computes one number at a time. */
export const functions: readonly KernelDefinition[] = [
  unary('Exp', vectorised, 0),
  unary('Log', vectorised, 1),
  unary('Tanh', vectorised, 2),
  unary('Softplus', vectorised, 3),
  unary('Erf', vectorised, 4),
  unary('Rsqrt', vectorised, 9),
  unary('Sqrt', vectorised, 10),
]

export const activations: readonly KernelDefinition[] = [
  gradient('LevinReluGrad', 'y', 0),
  gradient('LevinLeakyReluGrad', 'y', 1),
  gradient('LevinEluGrad', 'y', 2),
  gradient('LevinSigmoidGrad', 'y', 3),
  gradient('LevinTanhGrad', 'y', 4),
  gradient('LevinSoftplusGrad', 'y', 5),
  unary('LevinGelu', 'new: GELU in one pass, exact or by tanh', (attrs) => (isApproximate(attrs) ? 6 : 5)),
  gradient('LevinGeluGrad', 'x', (attrs) => (isApproximate(attrs) ? 7 : 6)),
  unary('LevinSilu', 'new: SiLU in one pass', 7),
  gradient('LevinSiluGrad', 'x', 8),
  unary('LevinHardSwish', 'new: hard swish in one pass', 8),
  gradient('LevinHardSwishGrad', 'x', 9),
]
