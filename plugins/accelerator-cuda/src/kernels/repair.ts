import { getKernel, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core'
import { BACKEND } from '../runtime/backend.js'

export type KernelArguments = Parameters<KernelFunc>[0]

/** A kernel of tfjs-node that is wrong or refuses something, and what to do there instead. */
export interface Repair {
  readonly kernelName: string
  /** Gets the kernel as it was, for what it can do. */
  readonly repaired: (stock: KernelFunc) => KernelFunc
}

const REPAIRED = Symbol.for('levin.tensorflow.repaired')

/** Puts repaired kernels in the place of those of tfjs-node, once per process. */
export function repairKernels(repairs: readonly Repair[]): void {
  for (const { kernelName, repaired } of repairs) {
    const stock = getKernel(kernelName, BACKEND)
    if (stock == null || REPAIRED in stock) continue
    unregisterKernel(kernelName, BACKEND)
    const kernelFunc = repaired(stock.kernelFunc)
    registerKernel(Object.assign({ ...stock, kernelFunc }, { [REPAIRED]: true }))
  }
}
