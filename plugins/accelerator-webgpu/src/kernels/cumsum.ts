import { Cumprod, Cumsum, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'
import { BACKEND } from '../backend-name.js'
import { filled, groupsOf, output, sizeOf } from './tensors.js'

/**
 * Running sums and products, a thread for each line, in the order of the line. tfjs's own need a pass over memory for each
 * bit of the length, and are wrong where they run backwards along the last axis.
 */

const running = (type: 'f32' | 'i32', first: string, operator: string): ComputeProgram => ({
  name: 'LevinRunningTotal',
  writes: [`y:${type}`],
  reads: [`x:${type}`],
  uniforms: { lines: 'u32', length: 'u32', inner: 'u32', reverse: 'u32', exclusive: 'u32' },
  body: `
  if (i >= u.lines) { return; }
  let base = i / u.inner * u.length * u.inner + i % u.inner;
  var total = ${type}(${first});
  for (var step = 0u; step < u.length; step++) {
    let at = base + select(step, u.length - 1u - step, u.reverse == 1u) * u.inner;
    let next = total ${operator} x[at];
    y[at] = select(next, total, u.exclusive == 1u);
    total = next;
  }`,
})

const PROGRAMS = {
  [Cumsum]: { float32: running('f32', '0', '+'), int32: running('i32', '0', '+') },
  [Cumprod]: { float32: running('f32', '1', '*'), int32: running('i32', '1', '*') },
} as const

const cumulative = (kernelName: typeof Cumsum | typeof Cumprod): KernelConfig => ({
  kernelName,
  backendName: BACKEND,
  kernelFunc({ inputs, attrs, backend }) {
    const gpu = backend as LevinBackend
    const { x } = inputs as { x: TensorInfo }
    const { axis, exclusive, reverse } = attrs as unknown as { axis: number; exclusive: boolean; reverse: boolean }
    if (sizeOf(x.shape) === 0) return filled(gpu, x.shape)
    const [along = 0] = util.parseAxisParam(axis, x.shape)
    const length = x.shape[along] ?? 1
    const inner = sizeOf(x.shape.slice(along + 1))
    const lines = sizeOf(x.shape) / length
    const isFloat = x.dtype === 'float32'
    const y = output(gpu, x.shape, isFloat ? 'float32' : 'int32')
    const values = { lines, length, inner, reverse: Number(reverse), exclusive: Number(exclusive) }
    gpu.compute(PROGRAMS[kernelName][isFloat ? 'float32' : 'int32'], [y], [x], values, groupsOf(lines))
    return y
  },
})

export const cumulativeKernels: readonly KernelConfig[] = [cumulative(Cumsum), cumulative(Cumprod)]
