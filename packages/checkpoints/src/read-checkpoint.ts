import type { StoredCheckpoint } from '@levin/core'
import { corrupt, notFound } from './checkpoint-errors.js'
import { fromText } from './json-values.js'
import { findInterrupted, readManifest } from './leftovers.js'
import { type FileFacts, type Manifest, MODEL_FILE, OPTIMIZER_FILE, parseRecord, TRAINER_FILE } from './manifest.js'
import { join } from './paths.js'
import { openSafetensors } from './safetensors/read.js'
import { sha256 } from './sha256.js'
import type { Storage } from './storage.js'

const CHUNK_BYTES = 4 << 20

/** A save that replaces the checkpoint while it is read makes the read begin again, so often at most. */
const ATTEMPTS = 5

/**
 * Finds a checkpoint and verifies it. What a save was ended in the middle of is seen through: the newer of the two whole
 * checkpoints is read where it lies.
 */
export async function readCheckpoint(storage: Storage, location: string): Promise<StoredCheckpoint> {
  for (let attempt = 1; ; attempt++) {
    const { folder, manifest } = await locate(storage, location)
    try {
      return await readVerified(storage, location, folder, manifest)
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
  if (kind === 'folder' && (await storage.list(location)).some((name) => name === MODEL_FILE)) {
    throw corrupt(location, 'its manifest.json is missing, the mark that a checkpoint is whole')
  }
  throw notFound(location)
}

async function readVerified(
  storage: Storage,
  location: string,
  folder: string,
  manifest: Manifest,
): Promise<StoredCheckpoint> {
  // All sizes before any content: what was cut short is found at once.
  for (const [name, facts] of Object.entries(manifest.files)) await verifySize(storage, join(folder, name), facts)
  for (const [name, facts] of Object.entries(manifest.files)) await verifyHash(storage, join(folder, name), facts)
  const guard = async () => {
    const now = await readManifest(storage, folder).catch(() => undefined)
    if (now?.id !== manifest.id) throw corrupt(location, 'another checkpoint has taken its place since it was opened')
  }
  const open = (name: string) => openSafetensors(storage, join(folder, name), guard)
  const { records: model } = await open(MODEL_FILE)
  const optimizer = Object.hasOwn(manifest.files, OPTIMIZER_FILE) ? (await open(OPTIMIZER_FILE)).records : undefined
  const trainer = await readTrainer(storage, join(folder, TRAINER_FILE), manifest.files[TRAINER_FILE] as FileFacts)
  return { location, facts: manifest.facts, trainer, model, optimizer }
}

async function verifySize(storage: Storage, file: string, { size }: FileFacts): Promise<void> {
  const found = await storage.size(file)
  if (found === undefined) throw corrupt(file, 'it is missing')
  if (found !== size) throw corrupt(file, `it has ${found} bytes, but ${size} were written`)
}

async function verifyHash(storage: Storage, file: string, { size, sha256: expected }: FileFacts): Promise<void> {
  const hash = sha256()
  for (let start = 0; start < size; start += CHUNK_BYTES) {
    hash.update(await storage.read(file, start, Math.min(CHUNK_BYTES, size - start)))
  }
  const found = hash.digest()
  if (found !== expected)
    throw corrupt(
      file,
      `its SHA-256 is ${found.slice(0, 12)}…, but that of what was written is ${expected.slice(0, 12)}…`,
    )
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
