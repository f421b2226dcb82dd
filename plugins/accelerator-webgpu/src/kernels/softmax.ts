import { type KernelConfig, type KernelFunc, Softmax, type TensorInfo } from '@tensorflow/tfjs-core'
import type { LevinBackend } from '../backend/levin-backend.js'
import { BACKEND } from '../backend-name.js'
import { forRows, rowProgram } from './rows.js'
import { filled, output, sizeOf } from './tensors.js'

const program = rowProgram({
  name: 'LevinSoftmax',
  writes: ['y'],
  reads: ['x'],
  uniforms: {},
  body: `
  var own = x[base];
  for (var c = first; c < u.width; c += LANES) { own = max(own, x[base + c]); }
  let most = rowMax(lane, own);
  var sum = 0.0;
  for (var c = first; c < u.width; c += LANES) { sum += exp(x[base + c] - most); }
  let inverse = 1.0 / rowSum(lane, sum);
  for (var c = first; c < u.width; c += LANES) { y[base + c] = exp(x[base + c] - most) * inverse; }`,
})

/** One dispatch over the last axis, the only one that tfjs allows, where its own kernel makes five and four tensors. */
const kernelFunc: KernelFunc = (call) => {
  const backend = call.backend as LevinBackend
  const { logits } = call.inputs as { logits: TensorInfo }
  const { shape } = logits
  const width = shape[shape.length - 1] ?? 1
  const size = sizeOf(shape)
  if (size === 0) return filled(backend, shape)
  const y = output(backend, shape)
  const [variant, groups] = forRows(program, size / width, width)
  backend.compute(variant, [y], [logits], { rows: size / width, width }, groups)
  return y
}

export const softmaxKernels: readonly KernelConfig[] = [{ kernelName: Softmax, backendName: BACKEND, kernelFunc }]
