import type { CheckpointPart, PartReceipt } from '@levin/core'
import { LevinError } from '@levin/core'
import { corrupt } from './checkpoint-errors.js'
import { KINDS, type Kind, partFile } from './files.js'
import type { FileFacts } from './manifest.js'
import { join } from './paths.js'
import { openSafetensors } from './safetensors/read.js'
import type { NamedEntry } from './safetensors/slices.js'
import type { Storage } from './storage.js'
import { indexOf, type TensorIndex } from './tensor-index.js'
import { verifySize } from './verify.js'
import { type Summary, type TensorSnapshot, writeSummary, writeTensors } from './write-checkpoint.js'

/** The keys in `__metadata__` that say what a file is a part of. */
const SAVE = 'levin.save'
const PART = 'levin.part'

/** A receipt as it is made here. */
interface Receipt extends PartReceipt {
  readonly count: number
  readonly files: Readonly<Record<string, FileFacts>>
}

/** Writes the files of one part into the folder of its save. */
export async function writePart(
  storage: Storage,
  folder: string,
  { save, index, count }: CheckpointPart,
  tensors: TensorSnapshot,
): Promise<Receipt> {
  requireNumbers(index, count)
  if ((await storage.kind(folder)) !== 'folder') {
    throw new LevinError('LEVIN_FILES', {
      message: `Part ${index + 1} of ${count} cannot be written: there is no folder '${folder}' here, which the save was begun in.`,
      remedy: 'Save to a place that all ranks reach: with several machines, a file system that they share.',
    })
  }
  const files: Record<string, FileFacts> = {}
  for (const kind of KINDS) {
    const records = tensors[kind]
    if (!records) continue
    const name = partFile(kind, index, count)
    const metadata = { [SAVE]: save, [PART]: `${index + 1}/${count}` }
    files[name] = await writeTensors(storage, join(folder, name), records, metadata)
  }
  return { save, index, count, files }
}

/**
 * Makes a checkpoint of parts that were written: checks that all are there and together make every tensor whole, and writes what
 * remains, the manifest last. Contents are not read again: the hash of each was taken while it was written.
 */
export async function completeParts(
  storage: Storage,
  folder: string,
  save: string,
  receipts: readonly PartReceipt[],
  summary: Summary,
): Promise<void> {
  const parts = requireAllParts(folder, save, receipts)
  const files: Record<string, FileFacts> = {}
  const tensors: Partial<Record<Kind, TensorIndex>> = {}
  for (const kind of KINDS) {
    const entries = new Map<string, readonly NamedEntry[]>()
    for (const part of parts) {
      const name = partFile(kind, part.index, part.count)
      const facts = part.files[name]
      if (!facts) continue
      files[name] = facts
      entries.set(name, await entriesOf(storage, join(folder, name), facts, part))
    }
    if (entries.size === 0 && kind === 'optimizer') continue
    if (entries.size !== parts.length)
      throw corrupt(folder, `only ${entries.size} of its ${parts.length} parts have a file of the ${kind}`)
    tensors[kind] = indexOf(entries, folder)
  }
  await writeSummary(storage, folder, summary, { id: save, files, tensors })
}

async function entriesOf(
  storage: Storage,
  file: string,
  facts: FileFacts,
  { save, index, count }: Receipt,
): Promise<readonly NamedEntry[]> {
  await verifySize(storage, file, facts)
  const { records, metadata } = await openSafetensors(storage, file)
  if (metadata[SAVE] === save && metadata[PART] === `${index + 1}/${count}`)
    return Array.from(records, ([key, record]) => ({ key, record }))
  throw corrupt(
    file,
    `it is part ${metadata[PART] ?? 'none'} of the save '${metadata[SAVE] ?? 'none'}', not of '${save}'`,
  )
}

/** The receipts in the order of the parts. */
function requireAllParts(folder: string, save: string, receipts: readonly PartReceipt[]): readonly Receipt[] {
  const parts = receipts as readonly Receipt[]
  const stranger = parts.find((part) => part.save !== save || part.count !== parts[0]?.count)
  if (stranger)
    throw corrupt(folder, `the receipt of part ${stranger.index + 1} is of another save, '${stranger.save}'`)
  const sorted = parts.toSorted((a, b) => a.index - b.index)
  const count = sorted[0]?.count ?? 1
  for (let index = 0; index < Math.max(count, sorted.length); index++) {
    const found = sorted[index]?.index
    if (found === index && index < count) continue
    const what = found !== undefined && found < index ? `part ${found + 1} came twice` : `part ${index + 1} is missing`
    throw corrupt(folder, `of its ${count} parts, ${what}`)
  }
  return sorted
}

function requireNumbers(index: number, count: number): void {
  if (Number.isSafeInteger(count) && Number.isSafeInteger(index) && index >= 0 && index < count) return
  throw new LevinError('LEVIN_BAD_OPTION', {
    expected: 'the index of a part to be at least 0 and below the count of parts',
    found: `${index} of ${count}`,
  })
}
