import { Cos, type KernelConfig, Sin, type TensorInfo } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'
import { BACKEND } from '../backend-name.js'
import { filled, groupsOf, output, sizeOf } from './tensors.js'

/**
 * Sine and cosine to float32's precision up to a few thousand: WGSL promises its own to 2⁻¹¹ only, between −π and π. The
 * argument less a multiple of π/2 in three parts (Cody & Waite 1980), then Cephes' polynomials.
 */
const sine = (name: string, quarter: number): ComputeProgram => ({
  name,
  writes: ['y'],
  reads: ['x'],
  uniforms: { size: 'u32' },
  body: `
  if (i >= u.size) { return; }
  let turns = round(x[i] * 0.6366197723675814);
  let r = ((x[i] - turns * 1.5703125) - turns * 0.000483751296997070312) - turns * 7.549789948768648e-8;
  let z = r * r;
  let s = r + r * z * (-0.16666654611 + z * (0.0083321608736 - z * 0.00019515295891));
  let c = 1.0 - 0.5 * z + z * z * (0.04166664568298827 + z * (-0.001388731625493765 + z * 0.00002443315711809948));
  let quadrant = (i32(turns) + ${quarter}) & 3;
  let value = select(s, c, (quadrant & 1) == 1);
  y[i] = select(value, -value, quadrant >= 2);`,
})

const kernelOf = (kernelName: string, program: ComputeProgram): KernelConfig => ({
  kernelName,
  backendName: BACKEND,
  kernelFunc({ inputs, backend }) {
    const gpu = backend as LevinBackend
    const { x } = inputs as { x: TensorInfo }
    const size = sizeOf(x.shape)
    if (size === 0) return filled(gpu, x.shape)
    const y = output(gpu, x.shape)
    gpu.compute(program, [y], [x], { size }, groupsOf(size))
    return y
  },
})

export const sineKernels: readonly KernelConfig[] = [
  kernelOf(Sin, sine('LevinSin', 0)),
  kernelOf(Cos, sine('LevinCos', 1)),
]
