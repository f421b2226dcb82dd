import { kernelNames } from '@levin/ops'
import type { KernelConfig } from '@tensorflow/tfjs-core'
import { kernel } from './kernel.js'
import { type UpdatePrograms, updateAll, updateProgram } from './updates.js'

const rmspropUniforms = {
  learningRate: 'f32',
  alpha: 'f32',
  oneMinusAlpha: 'f32',
  epsilon: 'f32',
  weightDecay: 'f32',
  momentum: 'f32',
} as const

function rmsprop(centered: boolean, hasMomentum: boolean): UpdatePrograms {
  const slots = ['squareAverage', ...(centered ? ['gradientAverage'] : []), ...(hasMomentum ? ['momentumBuffer'] : [])]
  return updateProgram(
    'LevinRmspropUpdate',
    slots,
    rmspropUniforms,
    `
  g = g + p * u.weightDecay;
  let s = squareAverage[i] * u.alpha + g * g * u.oneMinusAlpha;
  squareAverage[i] = s;
  var variance = s;
  ${centered ? 'let a = gradientAverage[i] + (g - gradientAverage[i]) * u.oneMinusAlpha; gradientAverage[i] = a; variance = s - a * a;' : ''}
  var direction = g / (sqrt(variance) + u.epsilon);
  ${hasMomentum ? 'direction = momentumBuffer[i] * u.momentum + direction; momentumBuffer[i] = direction;' : ''}
  parameter[i] = p - direction * u.learningRate;`,
  )
}

const rmspropPrograms = [false, true].map((centered) => [false, true].map((momentum) => rmsprop(centered, momentum)))

export const rmspropKernels: readonly KernelConfig[] = [
  kernel(kernelNames.rmspropUpdate, (backend, inputs, attrs) =>
    updateAll(
      backend,
      inputs,
      attrs,
      rmspropPrograms[Number(attrs.centered)]?.[Number(attrs.momentum !== 0)] as UpdatePrograms,
      {
        learningRate: attrs.learningRate,
        alpha: attrs.alpha,
        oneMinusAlpha: 1 - attrs.alpha,
        epsilon: attrs.epsilon,
        weightDecay: attrs.weightDecay,
        momentum: attrs.momentum,
      },
    ),
  ),
]
