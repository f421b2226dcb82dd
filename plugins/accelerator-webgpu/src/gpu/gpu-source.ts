/** What stands where a browser has `navigator.gpu`. */
export interface GpuSource {
  readonly gpu: GPU
  /** Every adapter of the machine by name. `undefined` where the platform keeps them to itself, as browsers do. */
  readonly names: readonly string[] | undefined
  /** The source that gives the adapter of this name only. */
  only(name: string): GPU
}

/** Why there is no WebGPU here, and what would change that. */
export interface NoGpu {
  readonly reason: string
  readonly remedy: string
}

/** The browser's WebGPU, or in Node Dawn's. */
export async function openGpuSource(): Promise<GpuSource | NoGpu> {
  const { navigator } = globalThis as { navigator?: { gpu?: GPU } }
  if (navigator?.gpu) {
    const { gpu } = navigator
    return { gpu, names: undefined, only: () => gpu }
  }
  if (isNode()) return (await import('./dawn.js')).openDawn()
  return (await import('./no-gpu.js')).noBrowserGpu()
}

function isNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } }
  return process?.versions?.node !== undefined
}
