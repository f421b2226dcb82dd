import type { LoadOptions } from '@levin/core'
import { corrupt } from './checkpoint-errors.js'
import { TRAINER_FILE } from './files.js'
import type { FileFacts } from './manifest.js'
import { join } from './paths.js'
import { sha256 } from './sha256.js'
import type { Storage } from './storage.js'

const CHUNK_BYTES = 4 << 20

type Files = Readonly<Record<string, FileFacts>>

/**
 * Checks that files are what was written: all sizes before any content, so that what was cut short is found at once.
 *
 * @param share the part of the content that this rank reads; the sizes are looked at by every rank
 * @throws LEVIN_CHECKPOINT_CORRUPT naming the file
 */
export async function verifyFiles(
  storage: Storage,
  folder: string,
  files: Files,
  share: NonNullable<LoadOptions['share']>,
): Promise<void> {
  for (const [name, facts] of Object.entries(files)) await verifySize(storage, join(folder, name), facts)
  for (const name of shareOf(files, share)) await verifyHash(storage, join(folder, name), files[name] as FileFacts)
}

/**
 * The files whose content one of several ranks reads. The largest are dealt out first, each to the rank that has the least to
 * read so far; a file cannot be divided, since its hash is one. What every rank parses, it verifies itself.
 */
function shareOf(files: Files, { rank, count }: NonNullable<LoadOptions['share']>): string[] {
  const bytes = new Array<number>(count).fill(0)
  const largestFirst = Object.keys(files)
    .filter((name) => name !== TRAINER_FILE)
    .sort((a, b) => sizeIn(files, b) - sizeIn(files, a) || (a < b ? -1 : 1))
  const own = largestFirst.filter((name) => {
    const reader = bytes.indexOf(Math.min(...bytes))
    bytes[reader] = (bytes[reader] as number) + sizeIn(files, name)
    return reader === rank
  })
  return [...own, TRAINER_FILE]
}

const sizeIn = (files: Files, name: string): number => files[name]?.size ?? 0

export async function verifySize(storage: Storage, file: string, { size }: FileFacts): Promise<void> {
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
