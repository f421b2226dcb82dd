import { kernelNames, type UpdateAttrs } from '@levin/ops'
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import type { ComputeProgram, UniformType } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'
import { kernel } from './kernel.js'
import { groupsOf, sizeOf } from './tensors.js'

/**
 * Optimizer updates in place: one dispatch for a parameter and all of its state. Each line of WGSL is one of the composed
 * form in @levin/ops, so that the numbers are the same.
 */

const gradientUniforms = {
  size: 'u32',
  gradientScale: 'f32',
  clipValue: 'f32',
  sign: 'f32',
} as const

// Scale, clip, negate, in this order.
const gradientCode = (scale: string): string => `
  if (i >= u.size) { return; }
  var g = gradient[i] * ${scale};
  if (u.clipValue > 0.0) { g = clamp(g, -u.clipValue, u.clipValue); }
  g = g * u.sign;
  var p = parameter[i];`

/** One update: gradients scaled by a number, or by a tensor that nobody has read. */
interface UpdatePrograms {
  readonly byNumber: ComputeProgram
  readonly byTensor: ComputeProgram
}

/** An update's programs: `slots` are changed beside the parameter. */
function updateProgram(
  name: string,
  slots: readonly string[],
  uniforms: Readonly<Record<string, UniformType>>,
  body: string,
): UpdatePrograms {
  const common = { name, writes: ['parameter', ...slots], uniforms: { ...gradientUniforms, ...uniforms } }
  return {
    byNumber: { ...common, reads: ['gradient'], body: `${gradientCode('u.gradientScale')}\n${body}` },
    byTensor: { ...common, reads: ['gradient', 'scale'], body: `${gradientCode('scale[0]')}\n${body}` },
  }
}

/** Runs a program on each entry of a flat list of inputs: parameter, gradient, state tensors. */
function updateAll(
  backend: LevinBackend,
  inputs: readonly TensorInfo[],
  attrs: UpdateAttrs,
  programs: UpdatePrograms,
  values: Readonly<Record<string, number>>,
): TensorInfo[] {
  const program = attrs.hasScaleTensor ? programs.byTensor : programs.byNumber
  const stride = program.writes.length + 1
  const scale = attrs.hasScaleTensor ? [inputs[attrs.count * stride] as TensorInfo] : []
  for (let entry = 0; entry < attrs.count; entry++) {
    const [parameter, gradient, ...slots] = inputs.slice(entry * stride, (entry + 1) * stride) as [
      TensorInfo,
      TensorInfo,
      ...TensorInfo[],
    ]
    const size = sizeOf(parameter.shape)
    if (size === 0) continue
    const uniforms = {
      ...values,
      size,
      gradientScale: attrs.gradientScale,
      clipValue: attrs.clipValue,
      sign: attrs.maximize ? -1 : 1,
    }
    backend.compute(program, [parameter, ...slots], [gradient, ...scale], uniforms, groupsOf(size))
  }
  return []
}

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

const accumulateProgram = (weight: string, reads: readonly string[]): ComputeProgram => ({
  name: 'LevinAccumulate',
  writes: ['sums'],
  reads,
  uniforms: { size: 'u32', weight: 'f32' },
  body: `if (i < u.size) { sums[i] = sums[i] + gradient[i] * ${weight}; }`,
})

const accumulateByNumber = accumulateProgram('u.weight', ['gradient'])
const accumulateByTensor = accumulateProgram('factor[0]', ['gradient', 'factor'])

export const updateKernels: readonly KernelConfig[] = [
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
  kernel(kernelNames.accumulate, (backend, [target, ...read], { weight, hasWeightTensor }) => {
    const size = sizeOf((target as TensorInfo).shape)
    if (size === 0) return []
    const program = hasWeightTensor ? accumulateByTensor : accumulateByNumber
    backend.compute(program, [target as TensorInfo], read, { size, weight }, groupsOf(size))
    return []
  }),
]
