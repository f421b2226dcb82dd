import type { CheckpointContent, CheckpointPart, PartReceipt, SaveOptions, SharedSaves } from '@levin/core'
import { LevinError } from '@levin/core'
import { filesError, occupied } from './checkpoint-errors.js'
import { clearLeftovers, releaseName, temporaryName, temporaryOf, tokenOf } from './leftovers.js'
import { completeParts, writePart } from './parts.js'
import { parentOf } from './paths.js'
import { putInPlace } from './replace-folder.js'
import { requireReplaceable } from './replaceable.js'
import type { SaveTurns } from './save-turns.js'
import type { Storage } from './storage.js'
import { summarise, takeTensors } from './write-checkpoint.js'

/**
 * Saves by several ranks in one storage that all of them reach: each writes files of its own into one folder with the name of the
 * save, which becomes the checkpoint. What {@link begin} gave names who began it, so that a save whose ranks have died is
 * told from one that is going on.
 */
export class StorageSharedSaves implements SharedSaves {
  readonly #storage: Storage
  readonly #turns: SaveTurns
  readonly #exists: (location: string) => Promise<boolean>

  constructor(storage: Storage, turns: SaveTurns, exists: (location: string) => Promise<boolean>) {
    this.#storage = storage
    this.#turns = turns
    this.#exists = exists
  }

  async begin(location: string, { replace = true }: SaveOptions = {}): Promise<string> {
    const storage = this.#storage
    const path = storage.absolute(location)
    const folder = temporaryName(storage, path, 'saving')
    try {
      await requireReplaceable(storage, path)
      await storage.makeFolder(parentOf(path))
      await this.#turns.alone(path, () => clearLeftovers(storage, parentOf(path), path))
      if (!replace && (await this.#exists(path))) throw occupied(path)
      await storage.makeFolder(folder)
      return tokenOf(folder)
    } catch (error) {
      await storage.remove(folder).catch(() => undefined)
      releaseName(folder)
      throw filesError(path, error)
    }
  }

  async write(location: string, part: CheckpointPart): Promise<PartReceipt> {
    const tensors = takeTensors(part)
    const folder = this.#folder(location, part.save)
    try {
      return await writePart(this.#storage, folder, part, await tensors)
    } catch (error) {
      throw filesError(folder, error)
    }
  }

  async complete(
    location: string,
    content: Pick<CheckpointContent, 'trainer' | 'manifest'>,
    parts: readonly PartReceipt[],
    { replace = true }: SaveOptions = {},
  ): Promise<void> {
    const storage = this.#storage
    const summary = summarise(content)
    const path = storage.absolute(location)
    const save = parts[0]?.save ?? ''
    const folder = this.#folder(location, save)
    await this.#turns.take(path, async () => {
      try {
        await completeParts(storage, folder, save, parts, summary)
        await putInPlace(storage, folder, path, replace)
      } catch (error) {
        throw filesError(path, error)
      }
    })
    releaseName(folder)
  }

  async abandon(location: string, save: string): Promise<void> {
    const folder = this.#folder(location, save)
    try {
      await this.#storage.remove(folder)
    } finally {
      releaseName(folder)
    }
  }

  #folder(location: string, save: string): string {
    const folder = temporaryOf(this.#storage.absolute(location), save)
    if (folder) return folder
    throw new LevinError('LEVIN_BAD_OPTION', {
      expected: 'the name of a save, as begin() gave it',
      found: `'${save}'`,
    })
  }
}
