import { getKernel, type KernelConfig, registerKernel } from '@tensorflow/tfjs-core'
import { BACKEND, type TensorFlowBackend } from '../runtime/backend.js'
import { activationGradients } from './activation-gradients.js'

const kernels = (backend: TensorFlowBackend): KernelConfig[] => [...activationGradients(backend)]

/** Registers what tfjs-node lacks, unless somebody has. */
export function registerKernels(backend: TensorFlowBackend): void {
  for (const kernel of kernels(backend)) {
    if (getKernel(kernel.kernelName, BACKEND) == null) registerKernel(kernel)
  }
}
