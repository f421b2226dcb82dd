import { registerKernel } from '@tensorflow/tfjs-core'

let registered = false

/** Makes the kernels of this package known to tfjs, for its backend 'webgpu'. */
export function registerKernels(): void {
  if (registered) return
  registered = true
  for (const config of []) registerKernel(config)
}
