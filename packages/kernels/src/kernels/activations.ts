import type { NamedAttrMap } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

/** An elementwise kernel; `kind` is its number in `assembly/elementwise.ts`. */
function unary(
  name: string,
  gain: string,
  kind: number | ((attrs: NamedAttrMap) => number),
  alpha: (attrs: NamedAttrMap) => number = () => 0,
): KernelDefinition {
  return {
    name,
    gain,
    compute(call) {
      const { runtime, attrs } = call
      const x = input(call, 'x')
      const out = runtime.output(x.shape, 'float32')
      const number = typeof kind === 'number' ? kind : kind(attrs)
      runtime.wasm.unary(number, runtime.address(x), runtime.address(out), sizeOf(x.shape), alpha(attrs))
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

const isApproximate = (attrs: NamedAttrMap): boolean => Number(attrs['approximate']) === 1

export const activations: readonly KernelDefinition[] = [
  gradient('LevinReluGrad', 'y', 0),
  gradient('LevinLeakyReluGrad', 'y', 1),
  gradient('LevinEluGrad', 'y', 2),
  gradient('LevinSigmoidGrad', 'y', 3),
  gradient('LevinTanhGrad', 'y', 4),
  gradient('LevinSoftplusGrad', 'y', 5),
  unary('LevinGelu', 'new: GELU in one pass, exact or by tanh', (attrs) => (isApproximate(attrs) ? 8 : 7)),
  gradient('LevinGeluGrad', 'x', (attrs) => (isApproximate(attrs) ? 7 : 6)),
  unary('LevinSilu', 'new: SiLU in one pass', 9),
  gradient('LevinSiluGrad', 'x', 8),
  unary('LevinHardSwish', 'new: hard swish in one pass', 10),
  gradient('LevinHardSwishGrad', 'x', 9),
]
