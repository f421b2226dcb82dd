import { drawUniformOnHost, type RandomKey, type SliceLayout } from '@levin/core'
import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import type { LevinBackend } from '../backend/levin-backend.js'

export type Draw = (backend: LevinBackend, key: RandomKey, layout: SliceLayout) => Tensor

let onDevice: Draw | undefined

/** Loads what draws random numbers on the device, and gives the kernels that draw their own. */
export async function loadRandomKernels(): Promise<readonly KernelConfig[]> {
  const { drawOnDevice, dropoutKernels } = await import('./dropout.js')
  onDevice = drawOnDevice
  return dropoutKernels
}

/**
 * Uniforms in [0, 1), drawn on the device. A program without dropout has not loaded what does it: then the host draws, the same
 * bits, until it has.
 */
export const drawUniform: Draw = (backend, key, layout) => {
  if (onDevice) return onDevice(backend, key, layout)
  // Where it does not load the host draws on.
  loadRandomKernels().catch(() => undefined)
  return drawUniformOnHost(key, layout)
}
