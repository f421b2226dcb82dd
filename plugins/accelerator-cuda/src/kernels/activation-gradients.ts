import { kernelNames } from '@levin/ops'
import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { TensorFlowBackend } from '../runtime/backend.js'
import { attributes, kernel } from './kernel.js'

/**
 * Gradients of activations from their outputs: one operation of TensorFlow's, where composed they are two to four. That of
 * softplus is not among them: TensorFlow's takes the input.
 */
export function activationGradients(backend: TensorFlowBackend): KernelConfig[] {
  const { type, float } = attributes(backend)
  const T = [type('T', 'float32')]
  return [
    // These two ask where the input is positive, which is where the output is.
    kernel(kernelNames.reluGrad, ({ dy, y }) => backend.executeSingleOutput('ReluGrad', T, [dy, y])),
    kernel(kernelNames.leakyReluGrad, ({ dy, y }, { alpha }) =>
      backend.executeSingleOutput('LeakyReluGrad', [...T, float('alpha', alpha)], [dy, y]),
    ),
    kernel(kernelNames.sigmoidGrad, ({ dy, y }) => backend.executeSingleOutput('SigmoidGrad', T, [y, dy])),
    kernel(kernelNames.tanhGrad, ({ dy, y }) => backend.executeSingleOutput('TanhGrad', T, [y, dy])),
  ]
}
