import { kernelNames } from '@levin/ops'
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import { kernel } from './kernel.js'
import { groupsOf, sizeOf } from './tensors.js'

const accumulateProgram = (weight: string, reads: readonly string[]): ComputeProgram => ({
  name: 'LevinAccumulate',
  writes: ['sums'],
  reads,
  uniforms: { size: 'u32', weight: 'f32' },
  body: `if (i < u.size) { sums[i] = sums[i] + gradient[i] * ${weight}; }`,
})

const accumulateByNumber = accumulateProgram('u.weight', ['gradient'])
const accumulateByTensor = accumulateProgram('factor[0]', ['gradient', 'factor'])

export const accumulateKernels: readonly KernelConfig[] = [
  kernel(kernelNames.accumulate, (backend, [target, ...read], { weight, hasWeightTensor }) => {
    const size = sizeOf((target as TensorInfo).shape)
    if (size === 0) return []
    const program = hasWeightTensor ? accumulateByTensor : accumulateByNumber
    backend.compute(program, [target as TensorInfo], read, { size, weight }, groupsOf(size))
    return []
  }),
]
