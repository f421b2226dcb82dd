import { LevinError } from '@levin/core'
import { corrupt } from './checkpoint-errors.js'
import { join } from './paths.js'
import type { Storage } from './storage.js'

/** A pointer holds one name: anything longer is something else. */
const MAX_POINTER_BYTES = 4096

/** Writes `<folder>/<name>`: one line, the path of the checkpoint within the folder. */
export async function writePointer(storage: Storage, folder: string, name: string, location: string): Promise<void> {
  const prefix = join(folder, '')
  const target = location.startsWith(prefix) ? location.slice(prefix.length) : undefined
  if (!target) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `'${name}' cannot point there.`,
      expected: `a checkpoint within '${folder}'`,
      found: `'${location}'`,
    })
  }
  if ((await storage.kind(join(folder, name))) === 'folder') {
    throw new LevinError('LEVIN_FILES', {
      message: `'${join(folder, name)}' is a folder, so no pointer can have its name.`,
      remedy: 'Remove it, or call the pointer otherwise.',
    })
  }
  await storage.makeFolder(folder)
  await storage.replace(join(folder, name), [new TextEncoder().encode(`${target}\n`)])
}

/** Where a pointer points; `undefined` if there is none. */
export async function readPointer(storage: Storage, folder: string, name: string): Promise<string | undefined> {
  const file = join(folder, name)
  const size = await storage.size(file)
  // Empty: a new file that its writer did not live to fill, where a storage cannot make it appear with its content.
  if (!size) return undefined
  if (size > MAX_POINTER_BYTES) throw corrupt(file, `a pointer is one line of text, and it has ${size} bytes`)
  const target = new TextDecoder().decode(await storage.read(file, 0, size)).trim()
  const inside =
    target !== '' && !target.startsWith('/') && !/[\0\n\r]/.test(target) && !target.split('/').includes('..')
  if (!inside) throw corrupt(file, 'it points to no checkpoint within its folder')
  return join(folder, target)
}
