import type { Availability } from '@levin/core'
import { listAdapters } from './gpu/adapters.js'

/** Whether there is a GPU that WebGPU reaches. One that the processor emulates is taken by name only. */
export async function webgpuAvailability(): Promise<Availability> {
  const adapters = await listAdapters()
  if ('reason' in adapters) return { ok: false, ...adapters }
  const hardware = adapters.filter(({ isSoftware }) => !isSoftware)
  const detail = adapters
    .map(({ name, isSoftware, adapter: { limits, features } }, index) => {
      const kind = isSoftware ? ', emulated by the processor' : ''
      const gigabytes = (limits.maxBufferSize / 2 ** 30).toFixed(1)
      const half = features.has('shader-f16') ? ', 16-bit floats' : ''
      return `${index}: ${name}${kind} (buffers up to ${gigabytes} GiB${half})`
    })
    .join('; ')
  return hardware.length > 0 ? { ok: true, detail } : { ok: true, detail, automatic: false }
}
