import type { Module, TensorRecord } from '@levin/core'
import { assignPaths, wholeModel } from '@levin/core'
import { filesError } from './checkpoint-errors.js'
import { checkpointIO } from './checkpoint-io.js'
import { parentOf } from './paths.js'
import { openSafetensors } from './safetensors/read.js'
import { safetensors } from './safetensors/write.js'
import type { Storage } from './storage.js'

export interface WeightsOptions {
  readonly storage: Storage
}

/**
 * Reads weights without a module: from a `.safetensors` file of any program, or from a checkpoint.
 *
 * @param location a file, a checkpoint's folder, or a pointer to one (`…/checkpoints/last`)
 * @returns tensors by name; values are read when `data()` is called
 * @throws LEVIN_CHECKPOINT_NOT_FOUND, LEVIN_CHECKPOINT_CORRUPT, LEVIN_CHECKPOINT_VERSION naming the file
 */
export async function readWeights(
  location: string,
  { storage }: WeightsOptions,
): Promise<ReadonlyMap<string, TensorRecord>> {
  const path = storage.absolute(location)
  if (path.endsWith('.safetensors')) return (await openSafetensors(storage, path)).records
  return (await checkpointIO(storage).load(path)).model
}

export interface WeightsMetadata {
  /** Texts for the file's `__metadata__`. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>
}

export interface WriteWeightsOptions extends WeightsOptions, WeightsMetadata {}

/**
 * Writes a module's parameters and buffers as one `.safetensors` file, which Python's `safetensors` opens. A file that is
 * there is replaced once the new one is whole.
 *
 * @param weights a module that has its values, or records
 * @throws LEVIN_FILES, LEVIN_NOT_MATERIALISED
 */
export async function writeWeights(
  weights: Module | Iterable<TensorRecord>,
  file: string,
  { storage, metadata = {} }: WriteWeightsOptions,
): Promise<void> {
  const path = storage.absolute(file)
  const records = recordsIn(weights)
  try {
    await storage.makeFolder(parentOf(path))
    await storage.replace(path, safetensors(records, metadata))
  } catch (error) {
    throw filesError(path, error)
  }
}

/**
 * A module's parameters and buffers as the bytes of one `.safetensors` file, for a download from a page or an upload.
 *
 * @param weights a module that has its values, or records, such as those of a checkpoint: `(await readWeights(…)).values()`
 * @throws LEVIN_NOT_MATERIALISED
 *
 * @example
 * const link = document.createElement('a')
 * link.href = URL.createObjectURL(await weightsBlob(module))
 * link.download = 'model.safetensors'
 * link.click()
 * URL.revokeObjectURL(link.href)
 */
export async function weightsBlob(
  weights: Module | Iterable<TensorRecord>,
  { metadata = {} }: WeightsMetadata = {},
): Promise<Blob> {
  const parts: Blob[] = []
  // Each piece is copied at once: on a heap of WebAssembly it may be elsewhere after the next.
  for await (const chunk of safetensors(recordsIn(weights), metadata))
    parts.push(new Blob([chunk as Uint8Array<ArrayBuffer>]))
  return new Blob(parts, { type: 'application/octet-stream' })
}

const recordsIn = (weights: Module | Iterable<TensorRecord>): TensorRecord[] => [
  ...(isIterable(weights) ? weights : recordsOf(weights)),
]

function recordsOf(module: Module): Iterable<TensorRecord> {
  assignPaths(module)
  return wholeModel(module)
}

const isIterable = (value: Module | Iterable<TensorRecord>): value is Iterable<TensorRecord> => Symbol.iterator in value
