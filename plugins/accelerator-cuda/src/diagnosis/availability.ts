import type { Availability } from '@levin/core'
import { visibleDevices } from '../cuda-devices/visible-devices.js'
import type { PackageName } from '../runtime/backend.js'
import { locate } from '../runtime/locate.js'
import { loadedBackend } from '../runtime/start.js'
import { diagnoseFailure, diagnoseMissingGpu } from './diagnose.js'
import { type Probe, probePackage } from './probe.js'

const probes = new Map<PackageName, Promise<Probe>>()

/** The library is looked at once in the life of a process, by a process of its own. */
function probeOnce(packageName: PackageName): Promise<Probe> {
  const known = probes.get(packageName)
  if (known) return known
  const fresh = probePackage(packageName)
  probes.set(packageName, fresh)
  return fresh
}

/** Whether the library loads here; if not, why. */
export async function availabilityOfLibrary(packageName: PackageName): Promise<Availability> {
  const loaded = loadedBackend()
  if (loaded && loaded.isGPUPackage === packageName.endsWith('-gpu'))
    return { ok: true, detail: `TensorFlow ${loaded.binding.TF_Version}` }
  const found = await probeOnce(packageName)
  if (found.loaded) return { ok: true, detail: `TensorFlow ${found.version}` }
  return { ok: false, ...diagnoseFailure(found.said, packageName) }
}

/** Whether the library loads here and finds a GPU; if not, why. */
export async function availabilityOfGpu(packageName: PackageName): Promise<Availability> {
  // Before the rest: with nothing to see, all else says only that.
  if (locate(packageName) !== undefined && visibleDevices()?.length === 0) return hidden()
  const library = await availabilityOfLibrary(packageName)
  if (!library.ok || loadedBackend()?.isUsingGpuDevice) return library
  const found = await probeOnce(packageName)
  return found.loaded && found.gpu ? library : { ok: false, ...diagnoseMissingGpu(found.said, packageName) }
}

const hidden = (): Availability => ({
  ok: false,
  reason: `CUDA_VISIBLE_DEVICES='${process.env['CUDA_VISIBLE_DEVICES']}' hides every GPU from this program.`,
  remedy: 'Unset it, or name GPUs of nvidia-smi -L in it: CUDA_VISIBLE_DEVICES=0,1.',
})
