/** Checkpoints on disk, in Node: everything that takes a storage or an io has one here by default. */
import type { CheckpointIO, Module, TensorRecord } from '@levin/core'
import { checkpointIO } from './checkpoint-io.js'
import { type LoadModuleOptions, loadModule as loadModuleWith, type ModuleSource } from './load-module.js'
import { nodeStorage } from './node-storage.js'
import { readWeights as readWeightsFrom, type WriteWeightsOptions, writeWeights as writeWeightsTo } from './weights.js'

export { disk } from './disk.js'
export { nodeStorage } from './node-storage.js'

/** Checkpoints on disk. */
export const diskCheckpoints = (): CheckpointIO => checkpointIO(nodeStorage())

/** `loadModule` of the main entry, from disk unless told otherwise. */
export function loadModule<M extends Module, H = Readonly<Record<string, unknown>>>(
  source: ModuleSource<M, H>,
  location: string,
  { io = diskCheckpoints(), ...options }: LoadModuleOptions = {},
): Promise<M> {
  return loadModuleWith(source, location, { io, ...options })
}

/** `readWeights` of the main entry, from disk. */
export const readWeights = (location: string): Promise<ReadonlyMap<string, TensorRecord>> =>
  readWeightsFrom(location, { storage: nodeStorage() })

/** `writeWeights` of the main entry, to disk. */
export const writeWeights = (
  weights: Module | Iterable<TensorRecord>,
  file: string,
  options: Omit<WriteWeightsOptions, 'storage'> = {},
): Promise<void> => writeWeightsTo(weights, file, { storage: nodeStorage(), ...options })
