import type { GpuSource, NoGpu } from './gpu-source.js'

/** The package that brings Dawn to Node. A name in a variable: bundlers for browsers leave it alone. */
const DAWN = 'webgpu'

interface Dawn {
  create(options: string[]): GPU
  readonly globals: Record<string, unknown>
}

/** WebGPU in Node. */
export async function openDawn(): Promise<GpuSource | NoGpu> {
  let dawn: Dawn
  try {
    dawn = (await import(/* @vite-ignore */ DAWN)) as Dawn
  } catch (error) {
    return noDawn(error)
  }
  dawnSource ??= startDawn(dawn)
  return dawnSource
}

// For the life of the process: some drivers cannot be loaded a second time after their last instance has gone.
let dawnSource: Promise<GpuSource> | undefined

async function startDawn(dawn: Dawn): Promise<GpuSource> {
  defineMissing(dawn.globals)
  const byName = new Map<string, GPU>()
  const only = (name: string): GPU => {
    const gpu = byName.get(name) ?? dawn.create([`adapter=${name}`])
    byName.set(name, gpu)
    return gpu
  }
  const gpu = dawn.create([])
  return { gpu, names: await dawnAdapters(dawn), only }
}

function noDawn(error: unknown): NoGpu {
  const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
  if (missing) {
    return {
      reason: "Node has no WebGPU of its own, and the package 'webgpu' (Dawn) is not installed.",
      remedy: 'Install it: npm install webgpu.',
    }
  }
  return {
    reason: `the package 'webgpu' (Dawn) cannot be loaded: ${error instanceof Error ? error.message : error}.`,
    remedy: 'It runs on Linux with a recent glibc, macOS and Windows, on x64 and arm64.',
  }
}

/** The classes and constants that tfjs's backend looks for among the globals. Node has none of them. */
function defineMissing(globals: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  }
}

/** Dawn tells its adapters in the error for one that it does not have, and nowhere else. */
async function dawnAdapters(dawn: Dawn): Promise<readonly string[]> {
  try {
    await dawn.create(['adapter=no adapter has this name']).requestAdapter()
  } catch (error) {
    const text = error instanceof Error ? error.message : ''
    return [...text.matchAll(/name: '([^']*)'/g)].map(([, name]) => name as string)
  }
  return []
}
