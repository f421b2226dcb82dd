import { type GpuSource, type NoGpu, openGpuSource } from './gpu-source.js'

/** One adapter of this machine. */
export interface AdapterEntry {
  /** What people call it, and what the option `adapter` is held against. */
  readonly name: string
  readonly adapter: GPUAdapter
  /** Computes on the processor: right for tests, and far slower than the accelerator `cpu`. */
  readonly isSoftware: boolean
  /** Keeps Dawn alive, which lives as long as this object. */
  readonly gpu: GPU
}

/** Renderers on the processor by the names that drivers give them: SwiftShader, Mesa's lavapipe, Windows' WARP. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i

/**
 * The adapters of this machine, hardware first. A browser shows at most two, one for each power preference.
 *
 * Adapters are used up by the device that is made of them: ask again for each device.
 */
export async function listAdapters(
  powerPreference: GPUPowerPreference = 'high-performance',
): Promise<readonly AdapterEntry[] | NoGpu> {
  const source = await openGpuSource()
  if ('reason' in source) return source
  const found = await (source.names
    ? namedAdapters(source, source.names)
    : offeredAdapters(source.gpu, powerPreference))
  if (found.length === 0) return (await import('./no-gpu.js')).noAdapter(source)
  return [...found.filter(({ isSoftware }) => !isSoftware), ...found.filter(({ isSoftware }) => isSoftware)]
}

/** The one that a run is set up on. */
export function chooseAdapter(
  adapters: readonly AdapterEntry[],
  wanted: number | string | undefined,
  device: number,
): AdapterEntry | undefined {
  if (typeof wanted === 'number') return adapters[wanted]
  if (typeof wanted !== 'string') return usable(adapters)[device]
  const name = wanted.toLowerCase()
  return adapters.filter((entry) => entry.name.toLowerCase().includes(name))[device]
}

/** Hardware, and where there is none what there is. */
export function usable(adapters: readonly AdapterEntry[]): readonly AdapterEntry[] {
  const hardware = adapters.filter(({ isSoftware }) => !isSoftware)
  return hardware.length > 0 ? hardware : adapters
}

// --- Internal helpers ---

async function namedAdapters(source: GpuSource, names: readonly string[]): Promise<AdapterEntry[]> {
  const entries = await Promise.all(
    // One GPU may come by several backends: Dawn takes the first that has it.
    [...new Set(names)].map(async (name) => {
      const gpu = source.only(name)
      const adapter = await gpu.requestAdapter()
      return adapter ? entryOf(gpu, adapter, name) : undefined
    }),
  )
  return entries.filter((entry) => entry !== undefined)
}

async function offeredAdapters(gpu: GPU, powerPreference: GPUPowerPreference): Promise<AdapterEntry[]> {
  const other: GPUPowerPreference = powerPreference === 'low-power' ? 'high-performance' : 'low-power'
  const entries: AdapterEntry[] = []
  for (const preference of [powerPreference, other]) {
    const adapter = await gpu.requestAdapter({ powerPreference: preference })
    if (!adapter) continue
    const entry = entryOf(gpu, adapter)
    if (!entries.some(({ name }) => name === entry.name)) entries.push(entry)
  }
  return entries
}

function entryOf(gpu: GPU, adapter: GPUAdapter, given?: string): AdapterEntry {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info
  const words = given ? [given] : [description || device, vendor, architecture].filter(Boolean)
  const name = words.join(' ') || 'unnamed adapter'
  // `isFallbackAdapter` moved from the adapter to its info; some have neither.
  const isFallback = isFallbackAdapter ?? (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false
  const isSoftware = isFallback || SOFTWARE.test(`${name} ${vendor} ${architecture} ${device} ${description}`)
  return { name, adapter, isSoftware, gpu }
}
