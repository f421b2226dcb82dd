import { type KernelName, kernelNames, wantedKernels } from '@levin/ops'
import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core'
import { BACKEND } from '../backend-name.js'
import { accumulateKernels } from './accumulate.js'
import { activationGradientKernels } from './activation-gradients.js'
import { adamKernels } from './adam.js'
import { crossEntropyKernels } from './cross-entropy.js'
import { cumulativeKernels } from './cumsum.js'
import { depthwiseKernels } from './depthwise-grads.js'
import { loadRandomKernels } from './draw-uniform.js'
import { maxPoolGradKernel } from './max-pool-grad.js'
import { padKernel } from './pad.js'
import { reductionKernels } from './reductions.js'
import { repairedKernels } from './repairs.js'
import { sineKernels } from './sine.js'
import { softmaxKernels } from './softmax.js'

/** What every program has: kernels of tfjs's that anybody may call, and those that nearly all call. */
const always = (): readonly KernelConfig[] => [
  ...accumulateKernels,
  ...activationGradientKernels,
  ...adamKernels,
  ...crossEntropyKernels,
  ...cumulativeKernels,
  ...depthwiseKernels,
  ...reductionKernels,
  ...sineKernels,
  ...softmaxKernels,
  maxPoolGradKernel,
  padKernel(),
  ...repairedKernels(),
]

const gated = async () => (await import('./gated-activations.js')).gatedKernels

/** What a program loads whose ops look for it. */
const WHERE_WANTED: readonly (readonly [KernelName, () => Promise<readonly KernelConfig[]>])[] = [
  [kernelNames.dropout, loadRandomKernels],
  [kernelNames.embeddingGrad, async () => (await import('./embedding.js')).embeddingKernels],
  [kernelNames.gelu, gated],
  [kernelNames.hardSwish, gated],
  [kernelNames.layerNorm, async () => (await import('./layer-norm.js')).layerNormKernels],
  [kernelNames.rmspropUpdate, async () => (await import('./rmsprop.js')).rmspropKernels],
  [kernelNames.silu, gated],
  [kernelNames.sgdUpdate, async () => (await import('./sgd.js')).sgdKernels],
]

let registered = false

/**
 * Makes the kernels of this package known to tfjs, for its backend 'webgpu': all that are always there, and of the others those
 * that the program's ops look for, as far as it is loaded. An op that is loaded later is composed of tfjs's until the next set-up.
 */
export async function registerKernels(): Promise<void> {
  if (!registered) register(always())
  registered = true
  const isMissing = ([name]: (typeof WHERE_WANTED)[number]) => wantedKernels().has(name) && !getKernel(name, BACKEND)
  const missing = await Promise.all(WHERE_WANTED.filter(isMissing).map(([, load]) => load()))
  register(missing.flat())
}

function register(configs: readonly KernelConfig[]): void {
  for (const config of configs) {
    // tfjs warns of a second kernel of a name, and keeps it all the same.
    if (getKernel(config.kernelName, BACKEND)) unregisterKernel(config.kernelName, BACKEND)
    registerKernel(config)
  }
}
