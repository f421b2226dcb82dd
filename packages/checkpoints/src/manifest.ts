import type { CheckpointFacts } from '@levin/core'
import { corrupt, unreadableVersion } from './checkpoint-errors.js'
import { fromText, toText } from './json-values.js'
import { sha256 } from './sha256.js'

/** Raised when older readers would misread a checkpoint. */
const FORMAT_VERSION = 1
const FORMAT = 'levin-checkpoint'

export const MANIFEST_FILE = 'manifest.json'
export const MODEL_FILE = 'model.safetensors'
export const OPTIMIZER_FILE = 'optimizer.safetensors'
export const TRAINER_FILE = 'trainer.json'

/** Everything that a checkpoint's folder can hold. */
export const CHECKPOINT_FILES: readonly string[] = [MODEL_FILE, OPTIMIZER_FILE, TRAINER_FILE, MANIFEST_FILE]

export interface FileFacts {
  /** Bytes. */
  readonly size: number
  readonly sha256: string
}

/** What `manifest.json` says: written last, it is the mark that a checkpoint is whole. */
export interface Manifest {
  /** Different for every save, also of equal content. */
  readonly id: string
  /** Milliseconds since 1970. */
  readonly savedAt: number
  readonly files: Readonly<Record<string, FileFacts>>
  readonly facts: CheckpointFacts
}

export function encodeManifest({ id, savedAt, files, facts }: Manifest): Uint8Array {
  // A round trip first, so that the text that is hashed is the one that a reader computes again.
  const body: unknown = JSON.parse(
    toText({ format: FORMAT, version: FORMAT_VERSION, id, savedAt, files, facts }, 'manifest'),
  )
  const manifest = { ...(body as object), checksum: checksum(body) }
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`)
}

/** @throws LEVIN_CHECKPOINT_CORRUPT, LEVIN_CHECKPOINT_VERSION naming the file */
export function decodeManifest(bytes: Uint8Array, file: string): Manifest {
  const { checksum: found, ...body } = parseRecord(bytes, file)
  if (body['format'] !== FORMAT) throw corrupt(file, `it is no manifest of format '${FORMAT}'`)
  if (body['version'] !== FORMAT_VERSION) {
    throw unreadableVersion(file, `format version ${FORMAT_VERSION}`, `version ${JSON.stringify(body['version'])}`)
  }
  if (found !== checksum(body)) throw corrupt(file, 'its checksum does not fit what it says')
  return requireManifest(fromText(JSON.stringify(body)), file)
}

/** JSON of a checkpoint as a record. */
export function parseRecord(bytes: Uint8Array, file: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (isRecord(parsed)) return parsed
  } catch (cause) {
    throw corrupt(file, 'it is not JSON', cause)
  }
  throw corrupt(file, 'it holds no object')
}

function checksum(body: unknown): string {
  const hash = sha256()
  hash.update(new TextEncoder().encode(JSON.stringify(body)))
  return hash.digest()
}

// The checksum has shown that this is what was written; what is checked here is that a writer wrote what belongs there.
function requireManifest(body: unknown, file: string): Manifest {
  const { id, savedAt, files, facts } = body as Partial<Manifest>
  const fit = typeof id === 'string' && typeof savedAt === 'number' && isRecord(files) && isFacts(facts)
  if (!fit) throw corrupt(file, 'it lacks what a manifest has to say')
  const wrong = Object.entries(files).find(([name, entry]) => !CHECKPOINT_FILES.includes(name) || !isFileFacts(entry))
  if (wrong) throw corrupt(file, `its entry '${wrong[0]}' is none of a checkpoint's files`)
  const missing = [MODEL_FILE, TRAINER_FILE].find((name) => !Object.hasOwn(files, name))
  if (missing) throw corrupt(file, `it does not list '${missing}'`)
  return { id, savedAt, files, facts }
}

function isFileFacts(value: unknown): value is FileFacts {
  return (
    isRecord(value) &&
    Number.isSafeInteger(value['size']) &&
    (value['size'] as number) >= 0 &&
    typeof value['sha256'] === 'string'
  )
}

function isFacts(value: unknown): value is CheckpointFacts {
  if (!isRecord(value)) return false
  const types = {
    globalStep: 'number',
    epoch: 'number',
    weightsOnly: 'boolean',
    module: 'string',
    kernelFingerprint: 'string',
    runtime: 'string',
  }
  const typed = Object.entries(types).every(([key, type]) => typeof value[key] === type)
  return typed && isRecord(value['hparams']) && isRecord(value['mesh'])
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
