import { kernelNames } from '@levin/ops'
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'
import { kernel } from './kernel.js'
import { PHILOX, walkUniforms, walkValues } from './philox.js'
import { filled, groupsOf, output, sizeOf } from './tensors.js'

/** Derivatives of activations from their output `y`, as WGSL. */
const DERIVATIVES = {
  reluGrad: 'select(0.0, 1.0, y > 0.0)',
  leakyReluGrad: 'select(u.alpha, 1.0, y > 0.0)',
  eluGrad: 'select(y + u.alpha, 1.0, y > 0.0)',
  sigmoidGrad: 'y * (1.0 - y)',
  tanhGrad: '1.0 - y * y',
  softplusGrad: '1.0 - exp(-y)',
} as const

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

const gradientPrograms = Object.fromEntries(
  Object.entries(DERIVATIVES).map(([key, derivative]) => [
    key,
    {
      name: kernelNames[key as keyof typeof DERIVATIVES],
      writes: ['dx'],
      reads: ['dy', 'output'],
      uniforms: { size: 'u32', alpha: 'f32' },
      body: `if (i < u.size) { let y = output[i]; dx[i] = dy[i] * (${derivative}); }`,
    } satisfies ComputeProgram,
  ]),
) as Readonly<Record<string, ComputeProgram>> as Record<keyof typeof DERIVATIVES, ComputeProgram>

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

const dropoutProgram: ComputeProgram = {
  name: 'LevinDropout',
  writes: ['y'],
  reads: ['x'],
  uniforms: { size: 'u32', rate: 'f32', factor: 'f32', ...walkUniforms },
  declarations: PHILOX,
  body: 'if (i < u.size) { y[i] = select(0.0, x[i] * u.factor, uniformAt(i) >= u.rate); }',
}

export const elementwiseKernels: readonly KernelConfig[] = [
  ...(Object.keys(DERIVATIVES) as (keyof typeof DERIVATIVES)[]).map((key) =>
    kernel(kernelNames[key], (backend, { dy, y }, { alpha }) => {
      const size = sizeOf(dy.shape)
      if (size === 0) return filled(backend, dy.shape)
      const dx = output(backend, dy.shape)
      backend.compute(gradientPrograms[key], [dx], [dy, y], { size, alpha }, groupsOf(size))
      return dx
    }),
  ),
  kernel(kernelNames.silu, (backend, { x }, { slope }) => gated(backend, x, 'silu', slope)),
  kernel(kernelNames.hardSwish, (backend, { x }, { slope }) => gated(backend, x, 'hardSwish', slope)),
  kernel(kernelNames.gelu, (backend, { x }, { slope, approximate }) =>
    gated(backend, x, approximate ? 'geluByTanh' : 'geluByErf', slope),
  ),
  kernel(kernelNames.dropout, (backend, { x }, { rate, key0, key1, globalShape, start }) => {
    const size = sizeOf(x.shape)
    if (size === 0) return filled(backend, x.shape)
    const y = output(backend, x.shape)
    const place = walkValues(key0, key1, { globalShape, start, shape: x.shape })
    backend.compute(dropoutProgram, [y], [x], { size, rate, factor: 1 / (1 - rate), ...place }, groupsOf(size))
    return y
  }),
]
