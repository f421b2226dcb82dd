import { kernelNames } from '@levin/ops'
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'
import { kernel } from './kernel.js'
import { filled, groupsOf, output, sizeOf } from './tensors.js'

/** Gated activations: value and slope at `x`. */
const GATED = {
  silu: 'let gate = 1.0 / (1.0 + exp(-x)); let value = x * gate; let slope = gate * (x * (1.0 - gate) + 1.0);',
  hardSwish: `
  let value = x * clamp(x + 3.0, 0.0, 6.0) / 6.0;
  let slope = select(select(0.0, x / 3.0 + 0.5, x > -3.0), 1.0, x >= 3.0);`,
  geluByTanh: `
  let argument = 0.7978845608028654 * x * (1.0 + 0.044715 * x * x);
  // Beyond this the hyperbolic tangent is 1 in float32, and exp in some implementations of it infinite.
  let t = tanh(clamp(argument, -15.0, 15.0));
  let value = 0.5 * x * (1.0 + t);
  let slope = 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608028654 * (1.0 + 0.134145 * x * x);`,
  geluByErf: `
  let cumulative = 0.5 * (1.0 + errorFunction(x * 0.7071067811865476));
  let value = x * cumulative;
  let slope = cumulative + x * exp(-0.5 * x * x) * 0.3989422804014327;`,
} as const

/**
 * erf: its Taylor series near zero, where 1 − … would cancel, and Numerical Recipes' Chebyshev fit of erfc elsewhere;
 * both below 2e-7.
 */
const ERROR_FUNCTION = `
fn errorFunction(x: f32) -> f32 {
  let z = abs(x);
  if (z < 0.5) {
    let s = x * x;
    return x * 1.1283791670955126 * (1.0 + s * (-0.3333333333 + s * (0.1 + s * (-0.0238095238 + s * (0.0046296296 + s * (-0.00075757576 + s * 0.00010683761))))));
  }
  let t = 1.0 / (1.0 + 0.5 * z);
  let polynomial = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  let complement = t * exp(-z * z + polynomial);
  return select(complement - 1.0, 1.0 - complement, x >= 0.0);
}`

type Gated = keyof typeof GATED

const gatedProgram = (key: Gated, withSlope: boolean): ComputeProgram => ({
  name: `Levin.${key}`,
  writes: withSlope ? ['y', 'derivative'] : ['y'],
  reads: ['input'],
  uniforms: { size: 'u32' },
  ...(key === 'geluByErf' && { declarations: ERROR_FUNCTION }),
  body: `if (i >= u.size) { return; }
  let x = input[i];
  ${GATED[key]}
  y[i] = value;
  ${withSlope ? 'derivative[i] = slope;' : ''}`,
})

const gatedPrograms = Object.fromEntries(
  (Object.keys(GATED) as Gated[]).map((key) => [key, [gatedProgram(key, false), gatedProgram(key, true)]]),
) as Record<Gated, [ComputeProgram, ComputeProgram]>

function gated(backend: LevinBackend, x: TensorInfo, key: Gated, slope: 0 | 1): TensorInfo[] {
  const size = sizeOf(x.shape)
  const count = slope + 1
  if (size === 0) return Array.from({ length: count }, () => filled(backend, x.shape))
  const outputs = Array.from({ length: count }, () => output(backend, x.shape))
  backend.compute(gatedPrograms[key][slope], outputs, [x], { size }, groupsOf(size))
  return outputs
}

export const gatedKernels: readonly KernelConfig[] = [
  kernel(kernelNames.silu, (backend, { x }, { slope }) => gated(backend, x, 'silu', slope)),
  kernel(kernelNames.hardSwish, (backend, { x }, { slope }) => gated(backend, x, 'hardSwish', slope)),
  kernel(kernelNames.gelu, (backend, { x }, { slope, approximate }) =>
    gated(backend, x, approximate ? 'geluByTanh' : 'geluByErf', slope),
  ),
]
