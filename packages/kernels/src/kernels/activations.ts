import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

/** A function of single elements; `kind` is its number in `assembly/elementwise.ts`. */
function unary(name: string, gain: string, kind: number): KernelDefinition {
  return {
    name,
    gain,
    handles: ({ x }) => x?.dtype === 'float32',
    compute({ runtime, attrs, inputs }) {
      const x = inputs['x'] as TensorInfo
      const out = runtime.output(x.shape, 'float32')
      const alpha = Number(attrs['alpha'] ?? 0)
      runtime.wasm.unary(kind, runtime.address(x), runtime.address(out), sizeOf(x.shape), alpha)
      return out
    },
  }
}

/** A gradient from `dy` and the activation's output `y`. */
function gradient(name: string, kind: number): KernelDefinition {
  return {
    name,
    gain: 'new: the gradient in one pass',
    compute(call) {
      const { runtime, attrs } = call
      const dy = input(call, 'dy')
      const out = runtime.output(dy.shape, 'float32')
      runtime.wasm.unaryGradient(
        kind,
        runtime.address(dy),
        runtime.address(input(call, 'y')),
        runtime.address(out),
        sizeOf(dy.shape),
        Number(attrs['alpha'] ?? 0),
      )
      return out
    },
  }
}

/** An activation whose slope depends on its input; both in one pass where the slope is asked for. */
function gated(name: string, gain: string, kind: (attrs: NamedAttrMap) => number): KernelDefinition {
  return {
    name,
    gain,
    compute(call) {
      const { runtime, attrs } = call
      const x = input(call, 'x')
      const y = runtime.output(x.shape, 'float32')
      if (Number(attrs['slope']) !== 1) {
        runtime.wasm.unary(kind(attrs), runtime.address(x), runtime.address(y), sizeOf(x.shape), 0)
        return y
      }
      const slope = runtime.output(x.shape, 'float32')
      const at = [x, y, slope].map((tensor) => runtime.address(tensor))
      runtime.wasm.unaryWithSlope(kind(attrs), ...at, sizeOf(x.shape))
      return [y, slope]
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
  unary('Log1p', vectorised, 11),
  unary('Expm1', vectorised, 12),
  unary('Selu', vectorised, 13),
  unary('Sign', vectorised, 14),
  unary('Reciprocal', vectorised, 15),
  unary('Floor', vectorised, 16),
  unary('Ceil', vectorised, 17),
  unary('LeakyRelu', vectorised, 18),
]

export const activations: readonly KernelDefinition[] = [
  gradient('LevinReluGrad', 0),
  gradient('LevinLeakyReluGrad', 1),
  gradient('LevinEluGrad', 2),
  gradient('LevinSigmoidGrad', 3),
  gradient('LevinTanhGrad', 4),
  gradient('LevinSoftplusGrad', 5),
  gated('LevinGelu', 'new: GELU and its slope in one pass, exact or by tanh', (attrs) =>
    isApproximate(attrs) ? 6 : 5,
  ),
  gated('LevinSilu', 'new: SiLU and its slope in one pass', () => 7),
  gated('LevinHardSwish', 'new: hard swish and its slope in one pass', () => 8),
]
