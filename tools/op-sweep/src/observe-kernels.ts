import { engine, getKernelsForBackend, type KernelConfig } from '@tensorflow/tfjs-core'

const observed = new WeakSet<KernelConfig>()
const listeners = new Set<Set<string>>()

/**
 * Adds to `called` the name of every kernel that is called from now on, on any backend that is registered by now.
 *
 * Kernels are looked up in tfjs's registry for each call, so what is written there is what is called. Call it again for
 * kernels that are registered later; those that are observed stay as they are.
 */
export function observeKernels(called: Set<string>): void {
  listeners.add(called)
  for (const backend of Object.keys(engine().registryFactory)) {
    for (const config of getKernelsForBackend(backend)) observe(config)
  }
}

function observe(config: KernelConfig): void {
  if (observed.has(config)) return
  observed.add(config)
  const { kernelFunc, kernelName } = config
  config.kernelFunc = (call) => {
    for (const called of listeners) called.add(kernelName)
    return kernelFunc(call)
  }
}
