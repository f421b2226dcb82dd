import { engine, type KernelBackend, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core'
import { createBackend, type LevinBackend, watchDevice } from './backend/levin-backend.js'
import type { WebgpuLibrary } from './backend/tfjs-backend.js'
import { BACKEND } from './backend-name.js'
import { chooseAdapter, listAdapters } from './gpu/adapters.js'
import { withNavigatorGpu } from './gpu/navigator-gpu.js'
import { registerKernels } from './kernels/register-kernels.js'
import type { WebgpuOptions } from './options.js'

/** A device that tfjs computes on. */
export interface OpenDevice {
  readonly backend: LevinBackend
  readonly name: string
  readonly isSoftware: boolean
  readonly limits: GPUSupportedLimits
  /** Keeps Dawn alive. */
  readonly gpu: GPU
}

// One per thread, as tfjs has one backend of a name.
let active: OpenDevice | undefined

/** The device that is tfjs's backend 'webgpu' in this thread. */
export const activeDevice = (): OpenDevice | undefined => active

/**
 * Opens the device that the options and the index name, and makes it tfjs's backend. One that is open already is taken
 * again, tensors and all.
 *
 * @throws LEVIN_UNAVAILABLE with the reason and a remedy
 */
export async function openDevice(options: WebgpuOptions, index: number): Promise<OpenDevice> {
  const library = await importLibrary(options.lib)
  const adapters = await listAdapters(options.powerPreference)
  if ('reason' in adapters) throw (await refusals()).unavailable(adapters.reason, adapters.remedy)
  const entry = chooseAdapter(adapters, options.adapter, index)
  if (!entry) throw (await refusals()).noSuchAdapter(adapters, options.adapter, index)
  if (active && isAlive(active) && active.name === entry.name) {
    active.backend.memoryGuard.start(options.memoryBudget)
    await setBackend(BACKEND)
    return active
  }
  const held = heldTensors()
  if (held > 0) throw (await refusals()).cannotReplace(entry.name, held, active?.name)
  const device = await entry.adapter.requestDevice(deviceDescriptor(entry.adapter))
  const backend = withNavigatorGpu(entry.gpu, () =>
    createBackend({ library, device, adapterInfo: entry.adapter.info, adapterName: entry.name }),
  )
  backend.memoryGuard.start(options.memoryBudget)
  watchDevice(backend)
  const opened = { backend, name: entry.name, isSoftware: entry.isSoftware, limits: device.limits, gpu: entry.gpu }
  await makeCurrent(opened)
  return opened
}

/**
 * Gives a device back. Tensors that are alive keep it: a trained module computes on after its run. What the pool holds for
 * further ones is freed in any case.
 */
export async function releaseDevice(device: OpenDevice): Promise<void> {
  const { backend } = device
  if (active !== device) return
  backend.memoryGuard.empty()
  if (!backend.health.isLost && backend.numDataIds() > 0) return
  active = undefined
  backend.health.expectEnd()
  // Disposes of the backend and its buffers. tfjs goes on with another one that is registered, or with none.
  removeBackend(BACKEND)
  backend.device.destroy()
  await backend.health.lost.catch(() => {})
}

// --- Internal helpers ---

// Loaded where a device cannot be opened.
const refusals = () => import('./refusals.js')

const isAlive = ({ backend }: OpenDevice): boolean => !backend.health.isLost && !backend.disposed

async function makeCurrent(opened: OpenDevice): Promise<void> {
  if (isRegistered()) removeBackend(BACKEND)
  registerBackend(BACKEND, () => opened.backend as unknown as KernelBackend)
  await registerKernels()
  await setBackend(BACKEND)
  active = opened
}

async function importLibrary(lib: WebgpuOptions['lib']): Promise<WebgpuLibrary> {
  try {
    return await (lib ? lib() : import('@tensorflow/tfjs-backend-webgpu'))
  } catch (cause) {
    throw (await refusals()).noLibrary(cause)
  }
}

/** What tfjs's own backend asks of a device, and as many buffers for one kernel as there may be. */
function deviceDescriptor({ limits, features }: GPUAdapter): GPUDeviceDescriptor {
  const asked = [
    'maxComputeWorkgroupStorageSize',
    'maxComputeWorkgroupsPerDimension',
    'maxStorageBufferBindingSize',
    'maxBufferSize',
    'maxComputeWorkgroupSizeX',
    'maxComputeInvocationsPerWorkgroup',
    'maxStorageBuffersPerShaderStage',
  ] as const
  return {
    requiredLimits: Object.fromEntries(asked.map((name) => [name, limits[name]])),
    requiredFeatures: features.has('timestamp-query') ? ['timestamp-query'] : [],
  }
}

interface Registry {
  readonly registry: Record<string, { numDataIds(): number } | undefined>
  readonly registryFactory: Record<string, unknown>
}

const registries = (): Registry => engine() as unknown as Registry

const isRegistered = (): boolean => BACKEND in registries().registry || BACKEND in registries().registryFactory

/** Tensors that the device in place of which another one would come would take along. */
function heldTensors(): number {
  if (active && !isAlive(active)) return 0
  return registries().registry[BACKEND]?.numDataIds() ?? 0
}
