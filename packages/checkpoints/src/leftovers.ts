import { MANIFEST_FILE } from './files.js'
import { decodeManifest, type Manifest } from './manifest.js'
import { join, nameOf, parentOf } from './paths.js'
import { foreignEntry } from './replaceable.js'
import type { Storage } from './storage.js'

/**
 * What interrupted saves leave beside a checkpoint `<name>`: `<name>.saving-<token>`, the new one before it is moved into
 * place, and `<name>.replaced-<token>`, the old one on its way out. The token says who made it.
 */
export type Role = 'saving' | 'replaced' | 'pointing'

const LEFTOVER = /^(?<name>.+)\.(?<role>saving|replaced|pointing)-(?<writer>[a-z0-9]*)-(?<random>[a-z0-9]+)$/

const TOKEN = /^[a-z0-9]*-[a-z0-9]+$/

/** Writers that cannot be asked whether they live are taken for dead after this silence. */
const SILENCE_MILLISECONDS = 60 * 60 * 1000

/** Names in use by this thread: a slow save is not mistaken for a dead one. */
const inUse = new Set<string>()

/** A name beside `location` that nobody else uses. Give it back by {@link releaseName}. */
export function temporaryName(storage: Storage, location: string, role: Role): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
    byte.toString(36).padStart(2, '0'),
  ).join('')
  const name = `${location}.${role}-${storage.writer ?? ''}-${random}`
  inUse.add(name)
  return name
}

/** What tells a temporary name from all others of its place and role. */
export const tokenOf = (name: string): string => name.slice(name.lastIndexOf('.saving-') + '.saving-'.length)

/** The folder of a save that somebody else has begun; `undefined` if that is no name of one. */
export const temporaryOf = (location: string, token: string): string | undefined =>
  TOKEN.test(token) ? `${location}.saving-${token}` : undefined

export const releaseName = (name: string): boolean => inUse.delete(name)

interface Leftover {
  readonly path: string
  /** The checkpoint that it was to become, or has been. */
  readonly location: string
  readonly role: Role
  readonly writer: string
}

/** The leftovers in a folder: of one checkpoint, or of all. */
async function leftoversIn(storage: Storage, folder: string, location?: string): Promise<Leftover[]> {
  const found: Leftover[] = []
  for (const entry of await storage.list(folder)) {
    const { name, role, writer } = LEFTOVER.exec(entry)?.groups ?? {}
    if (name === undefined || (location !== undefined && name !== nameOf(location))) continue
    found.push({ path: join(folder, entry), location: join(folder, name), role: role as Role, writer: writer ?? '' })
  }
  return found
}

/** Whether the save that made it is over for certain, or has been silent for so long that it must be. */
async function isAbandoned(storage: Storage, { path, writer }: Leftover): Promise<boolean> {
  if (inUse.has(path)) return false
  if (storage.hasEnded?.(writer)) return true
  const modified = await storage.modifiedAt(path)
  return modified === undefined || Date.now() - modified > SILENCE_MILLISECONDS
}

/**
 * The whole checkpoint among the leftovers of `location`, where a save was ended between taking the old one away and
 * putting the new one there: the newer of the two.
 */
export async function findInterrupted(storage: Storage, location: string): Promise<string | undefined> {
  let newest: { path: string; savedAt: number } | undefined
  for (const { path } of await leftoversIn(storage, parentOf(location), location)) {
    const manifest = await readWholeManifest(storage, path)
    if (manifest && (!newest || manifest.savedAt > newest.savedAt)) newest = { path, savedAt: manifest.savedAt }
  }
  return newest?.path
}

/**
 * Clears a folder of what killed saves left there: a whole checkpoint whose place is empty is put into it, everything
 * else is removed. What living saves are working on is left alone.
 */
export async function clearLeftovers(storage: Storage, folder: string, location?: string): Promise<void> {
  for (const leftover of await leftoversIn(storage, folder, location)) {
    if (!(await isAbandoned(storage, leftover))) continue
    if (await belongsInPlace(storage, leftover)) {
      // A partial copy is in the way where the storage cannot move a folder at once.
      await storage.remove(leftover.location)
      await storage.move(leftover.path, leftover.location, MANIFEST_FILE)
      continue
    }
    await storage.remove(leftover.path)
  }
}

/**
 * Removes what would take the place of a checkpoint that was removed: what interrupted saves have left of it. A save that is going
 * on, of this rank or another one, is left alone.
 */
export async function removeLeftovers(storage: Storage, location: string): Promise<void> {
  for (const leftover of await leftoversIn(storage, parentOf(location), location)) {
    const whole = leftover.role !== 'saving' || (await readWholeManifest(storage, leftover.path)) !== undefined
    if (whole || (await isAbandoned(storage, leftover))) await storage.remove(leftover.path)
  }
}

async function belongsInPlace(storage: Storage, { path, location }: Leftover): Promise<boolean> {
  if (await readWholeManifest(storage, location)) return false
  return (await findInterrupted(storage, location)) === path && (await foreignEntry(storage, location)) === undefined
}

/** The manifest of a folder whose files are all there in their full size. Content is not read. */
async function readWholeManifest(storage: Storage, folder: string): Promise<Manifest | undefined> {
  const manifest = await readManifest(storage, folder).catch(() => undefined)
  if (!manifest) return undefined
  for (const [name, { size }] of Object.entries(manifest.files)) {
    if ((await storage.size(join(folder, name))) !== size) return undefined
  }
  return manifest
}

/** The manifest of a checkpoint's folder; `undefined` if there is none. Rejects if it is damaged. */
export async function readManifest(storage: Storage, folder: string): Promise<Manifest | undefined> {
  const file = join(folder, MANIFEST_FILE)
  const size = await storage.size(file)
  return size === undefined ? undefined : decodeManifest(await storage.read(file, 0, size), file)
}
