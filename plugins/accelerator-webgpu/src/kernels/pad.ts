import { getKernel, type KernelConfig, PadV2, type TensorInfo } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'
import { BACKEND } from '../backend-name.js'
import { groupsOf, output, sizeOf } from './tensors.js'

const AXES = [0, 1, 2, 3, 4, 5] as const

const program: ComputeProgram = {
  name: 'LevinPad',
  writes: ['y'],
  reads: ['x'],
  uniforms: Object.fromEntries([
    ['size', 'u32'],
    ['value', 'f32'],
    ...AXES.flatMap((axis) => [
      [`out${axis}`, 'i32'],
      [`in${axis}`, 'i32'],
      [`before${axis}`, 'i32'],
    ]),
  ]),
  // From the last axis on, which lies together in memory.
  body: `
  if (i >= u.size) { return; }
  var rest = i32(i);
  var at = 0;
  var stride = 1;
  var isInside = true;
  ${[...AXES]
    .reverse()
    .map(
      (axis) => `{
    let next = rest / u.out${axis};
    let place = rest - next * u.out${axis} - u.before${axis};
    isInside = isInside && place >= 0 && place < u.in${axis};
    at += place * stride;
    stride *= u.in${axis};
    rest = next;
  }`,
    )
    .join('\n  ')}
  y[i] = select(u.value, x[select(0, at, isInside)], isInside);`,
}

/** Padding of five and six axes: tfjs's own program is no WGSL there. */
export function padKernel(): KernelConfig {
  const original = getKernel(PadV2, BACKEND)
  return {
    ...original,
    kernelFunc(call) {
      const { x } = call.inputs as { x: TensorInfo }
      const { paddings, constantValue } = call.attrs as unknown as {
        paddings: [number, number][]
        constantValue: number
      }
      const shape = x.shape.map((length, axis) => length + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0))
      const size = sizeOf(shape)
      if (x.shape.length < 5 || x.dtype !== 'float32' || sizeOf(x.shape) === 0) return original.kernelFunc(call)
      const backend = call.backend as LevinBackend
      const values: Record<string, number> = { size, value: constantValue }
      const missing = AXES.length - x.shape.length
      for (const axis of AXES) {
        values[`out${axis}`] = shape[axis - missing] ?? 1
        values[`in${axis}`] = x.shape[axis - missing] ?? 1
        values[`before${axis}`] = paddings[axis - missing]?.[0] ?? 0
      }
      const y = output(backend, shape)
      backend.compute(program, [y], [x], values, groupsOf(size))
      return y
    },
  }
}
