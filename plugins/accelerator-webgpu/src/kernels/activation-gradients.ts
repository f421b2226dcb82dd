import { kernelNames } from '@levin/ops'
import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import { kernel } from './kernel.js'
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

export const activationGradientKernels: readonly KernelConfig[] = (
  Object.keys(DERIVATIVES) as (keyof typeof DERIVATIVES)[]
).map((key) =>
  kernel(kernelNames[key], (backend, { dy, y }, { alpha }) => {
    const size = sizeOf(dy.shape)
    if (size === 0) return filled(backend, dy.shape)
    const dx = output(backend, dy.shape)
    backend.compute(gradientPrograms[key], [dx], [dy, y], { size, alpha }, groupsOf(size))
    return dx
  }),
)
