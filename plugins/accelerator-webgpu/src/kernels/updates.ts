import type { UpdateAttrs } from '@levin/ops'
import type { TensorInfo } from '@tensorflow/tfjs-core'
import type { ComputeProgram, UniformType } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'
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
export interface UpdatePrograms {
  readonly byNumber: ComputeProgram
  readonly byTensor: ComputeProgram
}

/** An update's programs: `slots` are changed beside the parameter. */
export function updateProgram(
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
export function updateAll(
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
