import { kernelNames } from '@levin/ops'
import type { KernelConfig } from '@tensorflow/tfjs-core'
import { kernel } from './kernel.js'
import { updateAll, updateProgram } from './updates.js'

const adamUniforms = {
  oneMinusBeta1: 'f32',
  beta2: 'f32',
  oneMinusBeta2: 'f32',
  epsilon: 'f32',
  weightDecay: 'f32',
  parameterDecay: 'f32',
  stepSize: 'f32',
  biasCorrection2Sqrt: 'f32',
} as const

const adamBody = (bound: string): string => `
  g = g + p * u.weightDecay;
  let m = firstMoment[i] + (g - firstMoment[i]) * u.oneMinusBeta1;
  let v = secondMoment[i] * u.beta2 + g * g * u.oneMinusBeta2;
  firstMoment[i] = m;
  secondMoment[i] = v;
  ${bound}
  let denominator = sqrt(bound) / u.biasCorrection2Sqrt + u.epsilon;
  parameter[i] = p * u.parameterDecay - m / denominator * u.stepSize;`

const moments = ['firstMoment', 'secondMoment'] as const
const adam = updateProgram('LevinAdamUpdate', moments, adamUniforms, adamBody('let bound = v;'))
const amsgrad = updateProgram(
  'LevinAmsgradUpdate',
  [...moments, 'maxSecondMoment'],
  adamUniforms,
  adamBody('let bound = max(maxSecondMoment[i], v); maxSecondMoment[i] = bound;'),
)

export const adamKernels: readonly KernelConfig[] = [
  kernel(kernelNames.adamUpdate, (backend, inputs, attrs) =>
    updateAll(backend, inputs, attrs, attrs.amsgrad ? amsgrad : adam, {
      oneMinusBeta1: 1 - attrs.beta1,
      beta2: attrs.beta2,
      oneMinusBeta2: 1 - attrs.beta2,
      epsilon: attrs.epsilon,
      weightDecay: attrs.weightDecay,
      parameterDecay: attrs.parameterDecay,
      stepSize: attrs.stepSize,
      biasCorrection2Sqrt: attrs.biasCorrection2Sqrt,
    }),
  ),
]
