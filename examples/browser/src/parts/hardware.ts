import { webgpu } from '@levin/accelerator-webgpu'
import { availabilityOf } from '@levin/core'

export type AcceleratorName = 'webgpu' | 'cpu'

export const LABELS: Readonly<Record<AcceleratorName, string>> = { webgpu: 'WebGPU', cpu: 'WebAssembly' }

/** What a training may run on here: the first is the best. */
export interface Hardware {
  readonly names: readonly AcceleratorName[]
  /** Why not on more. */
  readonly message: string | undefined
}

export async function findHardware(): Promise<Hardware> {
  const gpu = await availabilityOf(webgpu)
  if (gpu.ok) return { names: ['webgpu', 'cpu'], message: undefined }
  return { names: ['cpu'], message: `Trains on WebAssembly: ${gpu.reason} ${gpu.remedy}` }
}

/** Several workers share memory, which browsers allow on isolated pages only. */
export const mostWorkers = (): number =>
  globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency ?? 1) : 1
