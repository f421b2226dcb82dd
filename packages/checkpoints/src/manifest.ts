import type { CheckpointFacts } from '@levin/core'
import { corrupt, unreadableVersion } from './checkpoint-errors.js'
import { isCheckpointFile, type Kind, MODEL_FILE, TRAINER_FILE } from './files.js'
import { fromText, toText } from './json-values.js'
import { sha256 } from './sha256.js'
import { isTensorIndex, type TensorIndex } from './tensor-index.js'

/** Older readers would misread a checkpoint of the second: its tensors lie in slices, in one file or several. */
const WHOLE_VERSION = 1
const SLICED_VERSION = 2
const VERSIONS: readonly unknown[] = [WHOLE_VERSION, SLICED_VERSION]
const FORMAT = 'levin-checkpoint'

/** Bytes from its beginning that tell one manifest from another: they hold its id. */
export const IDENTIFYING_BYTES = 256

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
  /** Where tensors lie. Absent: each is whole, in the file of its kind. */
  readonly tensors?: Readonly<Partial<Record<Kind, TensorIndex>>>
}

export function encodeManifest({ id, savedAt, files, facts, tensors }: Manifest): Uint8Array {
  const version = tensors ? SLICED_VERSION : WHOLE_VERSION
  // A round trip first, so that the text that is hashed is the one that a reader computes again.
  const body = JSON.parse(
    toText({ format: FORMAT, version, id, savedAt, files, facts, tensors }, 'manifest'),
  ) as Record<string, unknown>
  const { tensors: index, ...legible } = body
  const text = JSON.stringify({ ...legible, checksum: checksum(body) }, null, 2)
  // Thousands of slices, each over a dozen lines, would bury the rest.
  const whole = index === undefined ? text : `${text.slice(0, -2)},\n  "tensors": ${JSON.stringify(index)}\n}`
  return new TextEncoder().encode(`${whole}\n`)
}

/** @throws LEVIN_CHECKPOINT_CORRUPT, LEVIN_CHECKPOINT_VERSION naming the file */
export function decodeManifest(bytes: Uint8Array, file: string): Manifest {
  const { checksum: found, ...body } = parseRecord(bytes, file)
  if (body['format'] !== FORMAT) throw corrupt(file, `it is no manifest of format '${FORMAT}'`)
  if (!VERSIONS.includes(body['version'])) {
    throw unreadableVersion(
      file,
      `format version ${VERSIONS.join(' or ')}`,
      `version ${JSON.stringify(body['version'])}`,
    )
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

/** Of a record whose keys are in the order of {@link encodeManifest}, as parsing keeps them. */
function checksum(body: unknown): string {
  const hash = sha256()
  hash.update(new TextEncoder().encode(JSON.stringify(body)))
  return hash.digest()
}

// The checksum has shown that this is what was written; what is checked here is that a writer wrote what belongs there.
function requireManifest(body: unknown, file: string): Manifest {
  const { id, savedAt, files, facts, tensors } = body as Partial<Manifest>
  const fit = typeof id === 'string' && typeof savedAt === 'number' && isRecord(files) && isFacts(facts)
  if (!fit) throw corrupt(file, 'it lacks what a manifest has to say')
  const wrong = Object.entries(files).find(([name, entry]) => !isCheckpointFile(name) || !isFileFacts(entry))
  if (wrong) throw corrupt(file, `its entry '${wrong[0]}' is none of a checkpoint's files`)
  const required = tensors ? [TRAINER_FILE] : [MODEL_FILE, TRAINER_FILE]
  const missing = required.find((name) => !Object.hasOwn(files, name))
  if (missing) throw corrupt(file, `it does not list '${missing}'`)
  if (!tensors) return { id, savedAt, files, facts }
  const { model, optimizer } = tensors
  const indexed = isTensorIndex(model, files) && (optimizer === undefined || isTensorIndex(optimizer, files))
  if (!indexed) throw corrupt(file, 'what it says of the places of tensors cannot be read')
  return { id, savedAt, files, facts, tensors: optimizer ? { model, optimizer } : { model } }
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
