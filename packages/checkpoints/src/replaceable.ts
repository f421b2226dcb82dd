import { LevinError } from '@levin/core'
import { isCheckpointFile, MANIFEST_FILE } from './files.js'
import { join } from './paths.js'
import type { Storage } from './storage.js'

/** What tells that no save of a checkpoint has made the folder at `location`: a name in it. */
export async function foreignEntry(storage: Storage, location: string): Promise<string | undefined> {
  if ((await storage.kind(location)) !== 'folder') return undefined
  if ((await storage.size(join(location, MANIFEST_FILE))) !== undefined) return undefined
  return (await storage.list(location)).find((name) => !isCheckpointFile(name))
}

/**
 * Refuses to replace or remove what no save of a checkpoint has made.
 *
 * @throws LEVIN_FILES
 */
export async function requireReplaceable(storage: Storage, location: string): Promise<void> {
  const foreign = await foreignEntry(storage, location)
  if (foreign === undefined) return
  throw new LevinError('LEVIN_FILES', {
    message: `'${location}' is a folder with '${foreign}' in it and no checkpoint: it is not replaced or removed.`,
    remedy: 'Give the checkpoint a folder of its own.',
  })
}
