import type { LoadOptions, StoredCheckpoint, TensorRecord } from '@levin/core'
import { corrupt, notFound } from './checkpoint-errors.js'
import { isModelFile, type Kind, MANIFEST_FILE, MODEL_FILE, OPTIMIZER_FILE, TRAINER_FILE } from './files.js'
import { fromText } from './json-values.js'
import { findInterrupted, readManifest } from './leftovers.js'
import { type FileFacts, IDENTIFYING_BYTES, type Manifest, parseRecord } from './manifest.js'
import { join } from './paths.js'
import { openSafetensors } from './safetensors/read.js'
import type { Storage } from './storage.js'
import { indexedRecords } from './tensor-index.js'
import { verifyFiles } from './verify.js'

/** A save that replaces the checkpoint while it is read makes the read begin again, so often at most. */
const ATTEMPTS = 5

/**
 * Finds a checkpoint and verifies it. What a save was ended in the middle of is seen through: the newer of the two whole
 * checkpoints is read where it lies.
 */
export async function readCheckpoint(
  storage: Storage,
  location: string,
  { share = { rank: 0, count: 1 } }: LoadOptions = {},
): Promise<StoredCheckpoint> {
  for (let attempt = 1; ; attempt++) {
    const { folder, manifest } = await locate(storage, location)
    try {
      return await readVerified(storage, location, folder, manifest, share)
    } catch (error) {
      const now = await readManifest(storage, folder).catch(() => undefined)
      if (now?.id === manifest.id || attempt === ATTEMPTS) throw error
    }
  }
}

async function locate(storage: Storage, location: string): Promise<{ folder: string; manifest: Manifest }> {
  let damage: unknown
  // Twice: between two looks a save may have put it into place.
  for (const _look of [1, 2]) {
    damage = undefined
    // A manifest that cannot be read may be one that a killed save was about to copy into place.
    const manifest = await readManifest(storage, location).catch((error: unknown) => {
      damage = error
      return undefined
    })
    if (manifest) return { folder: location, manifest }
    const folder = await findInterrupted(storage, location)
    const interrupted = folder === undefined ? undefined : await readManifest(storage, folder).catch(() => undefined)
    if (folder !== undefined && interrupted) return { folder, manifest: interrupted }
  }
  if (damage) throw damage
  const kind = await storage.kind(location)
  if (kind === undefined) throw notFound(location, 'does not exist')
  if (kind === 'folder' && (await storage.list(location)).some(isModelFile)) {
    throw corrupt(location, 'its manifest.json is missing, the mark that a checkpoint is whole')
  }
  throw notFound(location)
}

async function readVerified(
  storage: Storage,
  location: string,
  folder: string,
  manifest: Manifest,
  share: NonNullable<LoadOptions['share']>,
): Promise<StoredCheckpoint> {
  await verifyFiles(storage, folder, manifest.files, share)
  const guard = await guardOf(storage, location, folder, manifest)
  const open = (name: string) => openSafetensors(storage, join(folder, name), guard)
  const records = async (kind: Kind, file: string): Promise<ReadonlyMap<string, TensorRecord> | undefined> => {
    if (!manifest.tensors) return Object.hasOwn(manifest.files, file) ? (await open(file)).records : undefined
    const index = manifest.tensors[kind]
    return index && indexedRecords(index, open, folder)
  }
  const model = (await records('model', MODEL_FILE)) ?? new Map()
  const optimizer = await records('optimizer', OPTIMIZER_FILE)
  const trainer = await readTrainer(storage, join(folder, TRAINER_FILE), manifest.files[TRAINER_FILE] as FileFacts)
  return { location, facts: manifest.facts, trainer, model, optimizer }
}

/** What throws once another checkpoint has taken the place of this one. */
async function guardOf(
  storage: Storage,
  location: string,
  folder: string,
  { id }: Manifest,
): Promise<() => Promise<void>> {
  const replaced = () => corrupt(location, 'another checkpoint has taken its place since it was opened')
  // A stretch of a tensor costs a read of its own: the whole manifest, with an index in it, would cost more than the values.
  const identity = async () => {
    const bytes = await storage.read(join(folder, MANIFEST_FILE), 0, IDENTIFYING_BYTES).catch(() => new Uint8Array())
    return new TextDecoder().decode(bytes)
  }
  const opened = await identity()
  if (!opened.includes(JSON.stringify(id))) throw replaced()
  return async () => {
    if ((await identity()) !== opened) throw replaced()
  }
}

async function readTrainer(
  storage: Storage,
  file: string,
  { size }: FileFacts,
): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await storage.read(file, 0, size)
  parseRecord(bytes, file)
  return fromText(new TextDecoder().decode(bytes)) as Record<string, unknown>
}
