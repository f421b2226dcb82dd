import { kernelNames } from '@levin/ops'
import type { KernelConfig } from '@tensorflow/tfjs-core'
import { kernel } from './kernel.js'
import { updateAll, updateProgram } from './updates.js'

const sgdUniforms = { learningRate: 'f32', weightDecay: 'f32' } as const
const momentumUniforms = {
  ...sgdUniforms,
  momentum: 'f32',
  oneMinusDampening: 'f32',
  nesterov: 'u32',
  firstStep: 'u32',
} as const

const plainSgd = updateProgram(
  'LevinSgdUpdate',
  [],
  sgdUniforms,
  'parameter[i] = p - (g + p * u.weightDecay) * u.learningRate;',
)
const momentumSgd = updateProgram(
  'LevinMomentumUpdate',
  ['momentumBuffer'],
  momentumUniforms,
  `
  g = g + p * u.weightDecay;
  var buffer = g;
  if (u.firstStep == 0u) { buffer = momentumBuffer[i] * u.momentum + g * u.oneMinusDampening; }
  momentumBuffer[i] = buffer;
  var direction = buffer;
  if (u.nesterov == 1u) { direction = g + buffer * u.momentum; }
  parameter[i] = p - direction * u.learningRate;`,
)

export const sgdKernels: readonly KernelConfig[] = [
  kernel(kernelNames.sgdUpdate, (backend, inputs, attrs) =>
    updateAll(backend, inputs, attrs, attrs.momentum === 0 ? plainSgd : momentumSgd, {
      learningRate: attrs.learningRate,
      weightDecay: attrs.weightDecay,
      momentum: attrs.momentum,
      oneMinusDampening: 1 - attrs.dampening,
      nesterov: Number(attrs.nesterov),
      firstStep: Number(attrs.firstStep),
    }),
  ),
]
