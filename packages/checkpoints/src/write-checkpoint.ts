import type { CheckpointContent, TensorRecord } from '@levin/core'
import { toText } from './json-values.js'
import { encodeManifest, type FileFacts, MANIFEST_FILE, MODEL_FILE, OPTIMIZER_FILE, TRAINER_FILE } from './manifest.js'
import { join } from './paths.js'
import { safetensors } from './safetensors/write.js'
import type { Chunks, Storage } from './storage.js'
import { writeFile } from './write-file.js'

/** What a save writes, with every record asked for: their values are those of the moment. */
export interface Snapshot {
  readonly model: readonly TensorRecord[]
  readonly optimizer: readonly TensorRecord[] | undefined
  readonly trainer: string
  readonly facts: CheckpointContent['manifest']
}

/**
 * Takes the records of a save. Everything that can be had at once is taken before the first `await`, so that training may
 * go on when the call has returned its promise.
 */
export async function takeSnapshot({ model, optimizer, trainer, manifest }: CheckpointContent): Promise<Snapshot> {
  const weights = collect(model)
  const slots = optimizer && collect(optimizer)
  const text = toText(trainer, 'trainer')
  const facts = { ...manifest }
  toText(facts, 'manifest')
  return { model: await weights, optimizer: await slots, trainer: text, facts }
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

/** Writes a checkpoint's files into a folder that nobody else uses, the manifest last. */
export async function writeCheckpoint(storage: Storage, folder: string, snapshot: Snapshot): Promise<void> {
  await storage.makeFolder(folder)
  const files: Record<string, FileFacts> = {}
  const write = async (name: string, chunks: Chunks) => {
    files[name] = await writeFile(storage, join(folder, name), chunks)
  }
  await write(MODEL_FILE, safetensors(snapshot.model, { format: 'levin' }))
  if (snapshot.optimizer) await write(OPTIMIZER_FILE, safetensors(snapshot.optimizer, { format: 'levin' }))
  await write(TRAINER_FILE, [new TextEncoder().encode(`${snapshot.trainer}\n`)])
  const manifest = encodeManifest({ id: crypto.randomUUID(), savedAt: Date.now(), files, facts: snapshot.facts })
  await writeFile(storage, join(folder, MANIFEST_FILE), [manifest])
}
