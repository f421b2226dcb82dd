import { drawUniformOnHost } from '@levin/core'
import { kernelNames } from '@levin/ops'
import { engine, type KernelConfig } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import type { Draw } from './draw-uniform.js'
import { kernel } from './kernel.js'
import { PHILOX, walkUniforms, walkValues } from './philox.js'
import { filled, groupsOf, output, sizeOf } from './tensors.js'

const dropoutProgram: ComputeProgram = {
  name: 'LevinDropout',
  writes: ['y'],
  reads: ['x'],
  uniforms: { size: 'u32', rate: 'f32', factor: 'f32', ...walkUniforms },
  declarations: PHILOX,
  body: 'if (i < u.size) { y[i] = select(0.0, x[i] * u.factor, uniformAt(i) >= u.rate); }',
}

export const dropoutKernels: readonly KernelConfig[] = [
  kernel(kernelNames.dropout, (backend, { x }, { rate, key0, key1, globalShape, start }) => {
    const size = sizeOf(x.shape)
    if (size === 0) return filled(backend, x.shape)
    const y = output(backend, x.shape)
    const place = walkValues(key0, key1, { globalShape, start, shape: x.shape })
    backend.compute(dropoutProgram, [y], [x], { size, rate, factor: 1 / (1 - rate), ...place }, groupsOf(size))
    return y
  }),
]

const drawProgram: ComputeProgram = {
  name: 'LevinDrawUniform',
  writes: ['y'],
  reads: [],
  uniforms: { size: 'u32', ...walkUniforms },
  declarations: PHILOX,
  body: 'if (i < u.size) { y[i] = uniformAt(i); }',
}

/** Uniforms in [0, 1) as {@link drawUniform} promises them. */
export const drawOnDevice: Draw = (backend, key, layout) => {
  const size = sizeOf(layout.shape)
  // Of no elements there is nothing to draw; the host's own check of the layout tells what is wrong with it.
  if (size === 0) return drawUniformOnHost(key, layout)
  const y = output(backend, layout.shape)
  backend.compute(drawProgram, [y], [], { size, ...walkValues(key[0], key[1], layout) }, groupsOf(size))
  return engine().makeTensorFromTensorInfo(y)
}
