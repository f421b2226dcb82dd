import type { CheckpointContent, TensorRecord } from '@levin/core'
import { KINDS, type Kind, MANIFEST_FILE, MODEL_FILE, OPTIMIZER_FILE, TRAINER_FILE } from './files.js'
import { toText } from './json-values.js'
import { encodeManifest, type FileFacts, type Manifest } from './manifest.js'
import { join } from './paths.js'
import { namedEntries } from './safetensors/slices.js'
import { safetensors } from './safetensors/write.js'
import type { Chunks, Storage } from './storage.js'
import { indexOf, type TensorIndex } from './tensor-index.js'
import { writeFile } from './write-file.js'

/** Everything of a save but its tensors. */
export interface Summary {
  readonly trainer: string
  readonly facts: CheckpointContent['manifest']
}

/** What a save writes, with every record asked for: their values are those of the moment. */
export interface Snapshot extends Summary, TensorSnapshot {}

export interface TensorSnapshot {
  readonly model: readonly TensorRecord[]
  readonly optimizer: readonly TensorRecord[] | undefined
}

/**
 * Takes the records of a save. Everything that can be had at once is taken before the first `await`, so that training may
 * go on when the call has returned its promise.
 */
export async function takeSnapshot(content: CheckpointContent): Promise<Snapshot> {
  const tensors = takeTensors(content)
  // Whoever awaits the snapshot gets it; what the summary throws comes first.
  tensors.catch(() => undefined)
  const summary = summarise(content)
  return { ...(await tensors), ...summary }
}

/** As {@link takeSnapshot}, of the tensors alone. */
export async function takeTensors({
  model,
  optimizer,
}: Pick<CheckpointContent, 'model' | 'optimizer'>): Promise<TensorSnapshot> {
  const weights = collect(model)
  const slots = optimizer && collect(optimizer)
  return { model: await weights, optimizer: await slots }
}

/** @throws LEVIN_BAD_OPTION for what is no JSON */
export function summarise({ trainer, manifest }: Pick<CheckpointContent, 'trainer' | 'manifest'>): Summary {
  const text = toText(trainer, 'trainer')
  const facts = { ...manifest }
  toText(facts, 'manifest')
  return { trainer: text, facts }
}

function collect(
  records: Iterable<TensorRecord> | AsyncIterable<TensorRecord>,
): readonly TensorRecord[] | Promise<TensorRecord[]> {
  if (Symbol.iterator in records) return [...records]
  return (async () => {
    const list: TensorRecord[] = []
    for await (const record of records) list.push(record)
    return list
  })()
}

/**
 * Writes a checkpoint's files into a folder that nobody else uses, the manifest last.
 *
 * @param location names the checkpoint in errors
 */
export async function writeCheckpoint(
  storage: Storage,
  folder: string,
  location: string,
  snapshot: Snapshot,
): Promise<void> {
  const tensors = indexOfSlices(snapshot, location)
  await storage.makeFolder(folder)
  const files: Record<string, FileFacts> = {}
  for (const kind of KINDS) {
    const records = snapshot[kind]
    if (records) files[FILES[kind]] = await writeTensors(storage, join(folder, FILES[kind]), records)
  }
  await writeSummary(storage, folder, snapshot, { id: crypto.randomUUID(), files, ...(tensors ? { tensors } : {}) })
}

const FILES: Readonly<Record<Kind, string>> = { model: MODEL_FILE, optimizer: OPTIMIZER_FILE }

function indexOfSlices(snapshot: Snapshot, location: string): Partial<Record<Kind, TensorIndex>> | undefined {
  const all = KINDS.flatMap((kind) => snapshot[kind] ?? [])
  if (!all.some(({ slice }) => slice)) return undefined
  const indexed = KINDS.flatMap((kind) => {
    const records = snapshot[kind]
    return records ? [[kind, indexOf(new Map([[FILES[kind], namedEntries(records)]]), location)] as const] : []
  })
  return Object.fromEntries(indexed)
}

export function writeTensors(
  storage: Storage,
  file: string,
  records: readonly TensorRecord[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<FileFacts> {
  const chunks: Chunks = safetensors(records, { format: 'levin', ...metadata })
  return writeFile(storage, file, chunks)
}

/** Writes what remains once the tensors are written, the manifest last. */
export async function writeSummary(
  storage: Storage,
  folder: string,
  { trainer, facts }: Summary,
  manifest: Pick<Manifest, 'id' | 'files' | 'tensors'>,
): Promise<void> {
  const written = await writeFile(storage, join(folder, TRAINER_FILE), [new TextEncoder().encode(`${trainer}\n`)])
  const files = { ...manifest.files, [TRAINER_FILE]: written }
  const bytes = encodeManifest({ ...manifest, files, savedAt: Date.now(), facts })
  await writeFile(storage, join(folder, MANIFEST_FILE), [bytes])
}
