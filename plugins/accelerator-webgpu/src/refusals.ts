import { describe, LevinError } from '@levin/core'
import type { AdapterEntry } from './gpu/adapters.js'

// Why a device cannot be opened.

export const unavailable = (reason: string, remedy: string, cause?: unknown): LevinError =>
  new LevinError('LEVIN_UNAVAILABLE', { message: `The accelerator 'webgpu' cannot run here: ${reason}`, remedy, cause })

export function noLibrary(cause: unknown): LevinError {
  const remedy = 'Install @tensorflow/tfjs-backend-webgpu, or give it as the option lib: () => import(…).'
  return unavailable('the WebGPU backend of tfjs cannot be imported.', remedy, cause)
}

/**
 * tfjs has one backend of a name: another device in its place would take the tensors of the first along.
 *
 * @param other the adapter that they are on; absent where the backend is not ours
 */
export function cannotReplace(name: string, held: number, other: string | undefined): LevinError {
  return new LevinError('LEVIN_UNAVAILABLE', {
    message: `The GPU '${name}' cannot be opened: ${held} tensors are on ${other === undefined ? 'a WebGPU backend that the program has set up' : `'${other}'`}, and a thread has one WebGPU device.`,
    remedy: 'Dispose of them (module.dispose()), or use the other GPU in a worker.',
  })
}

export function noSuchAdapter(
  adapters: readonly AdapterEntry[],
  wanted: number | string | undefined,
  index: number,
): LevinError {
  return new LevinError('LEVIN_UNAVAILABLE', {
    message: "The accelerator 'webgpu' cannot run here.",
    expected: wanted === undefined ? `GPU ${index}` : `an adapter ${describe(wanted)}, GPU ${index} of these`,
    found: adapters.map(({ name }, place) => `${place}: '${name}'`).join(', '),
    remedy: "Give one of these as the option 'adapter', or leave it out.",
  })
}
