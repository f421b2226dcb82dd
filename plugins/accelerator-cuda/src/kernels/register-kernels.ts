import { getKernel, type KernelConfig, registerKernel } from '@tensorflow/tfjs-core'
import { BACKEND, type TensorFlowBackend } from '../runtime/backend.js'
import { activationGradients } from './activation-gradients.js'
import { convolutions } from './convolutions.js'
import { gathers } from './gathers.js'
import { joining } from './joining.js'
import { maxPools } from './max-pools.js'
import { repairKernels } from './repair.js'

const kernels = (backend: TensorFlowBackend): KernelConfig[] => [...activationGradients(backend)]

/** Registers what tfjs-node lacks, unless somebody has, and repairs what is wrong with its own. */
export function registerKernels(backend: TensorFlowBackend): void {
  for (const kernel of kernels(backend)) {
    if (getKernel(kernel.kernelName, BACKEND) == null) registerKernel(kernel)
  }
  repairKernels([...convolutions(backend), ...maxPools(backend), ...gathers(backend), ...joining])
}
