import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core'
import { BACKEND } from '../backend-name.js'
import { crossEntropyKernels } from './cross-entropy.js'
import { cumulativeKernels } from './cumsum.js'
import { depthwiseKernels } from './depthwise-grads.js'
import { elementwiseKernels } from './elementwise.js'
import { embeddingKernels } from './embedding.js'
import { layerNormKernels } from './layer-norm.js'
import { maxPoolGradKernel } from './max-pool-grad.js'
import { padKernel } from './pad.js'
import { reductionKernels } from './reductions.js'
import { repairedKernels } from './repairs.js'
import { sineKernels } from './sine.js'
import { softmaxKernels } from './softmax.js'
import { updateKernels } from './updates.js'

let registered = false

/** Makes the kernels of this package known to tfjs, for its backend 'webgpu'. */
export function registerKernels(): void {
  if (registered) return
  registered = true
  const all = [
    ...updateKernels,
    ...reductionKernels,
    ...elementwiseKernels,
    ...crossEntropyKernels,
    ...layerNormKernels,
    ...softmaxKernels,
    ...embeddingKernels,
    ...cumulativeKernels,
    ...depthwiseKernels,
    ...sineKernels,
    maxPoolGradKernel,
    padKernel(),
    ...repairedKernels(),
  ]
  for (const config of all) {
    // tfjs warns of a second kernel of a name, and keeps it all the same.
    if (getKernel(config.kernelName, BACKEND)) unregisterKernel(config.kernelName, BACKEND)
    registerKernel(config)
  }
}
