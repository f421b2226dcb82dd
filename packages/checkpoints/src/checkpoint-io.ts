import type {
  CheckpointContent,
  CheckpointIO,
  LoadOptions,
  SaveOptions,
  SharedSaves,
  StoredCheckpoint,
} from '@levin/core'
import { filesError, occupied } from './checkpoint-errors.js'
import { MANIFEST_FILE } from './files.js'
import { clearLeftovers, findInterrupted, releaseName, removeLeftovers, temporaryName } from './leftovers.js'
import { join, nameOf, parentOf } from './paths.js'
import { readPointer, writePointer } from './pointers.js'
import { readCheckpoint } from './read-checkpoint.js'
import { putInPlace } from './replace-folder.js'
import { requireReplaceable } from './replaceable.js'
import { SaveTurns } from './save-turns.js'
import { StorageSharedSaves } from './shared-saves.js'
import type { Storage } from './storage.js'
import { type Snapshot, takeSnapshot, writeCheckpoint } from './write-checkpoint.js'

/**
 * Checkpoints in a storage. Each is a folder:
 *
 * - `model.safetensors`: parameters and buffers by path; Python's `safetensors` opens it
 * - `optimizer.safetensors`: `<path>/<slot>`; absent in checkpoints of weights only
 * - `model-00001-of-00004.safetensors` and so on in place of these, where several ranks have written it
 * - `trainer.json`: loops, clock, callbacks, data position, metrics
 * - `manifest.json`: format version, facts, and size and SHA-256 of each file; written last
 *
 * It is written under a name of its own and moved into place when it is whole, so that a reader finds the old checkpoint
 * or the new one, whenever the writer is ended. Nothing in it is code.
 *
 * @example
 * const io = checkpointIO(memoryStorage())
 */
export function checkpointIO(storage: Storage): CheckpointIO {
  return new StorageCheckpoints(storage)
}

class StorageCheckpoints implements CheckpointIO {
  readonly name: string
  readonly #storage: Storage
  readonly shared: SharedSaves
  readonly #turns: SaveTurns

  constructor(storage: Storage) {
    this.name = storage.name
    this.#storage = storage
    this.#turns = new SaveTurns(storage)
    this.shared = new StorageSharedSaves(storage, this.#turns, (location) => this.exists(location))
  }

  async save(location: string, content: CheckpointContent, { replace = true }: SaveOptions = {}): Promise<void> {
    const snapshot = takeSnapshot(content)
    // Whoever called gets the rejection, in their turn.
    snapshot.catch(() => undefined)
    const path = this.#storage.absolute(location)
    await this.#turns.take(path, async () => this.#save(path, await snapshot, replace))
  }

  async #save(location: string, snapshot: Snapshot, replace: boolean): Promise<void> {
    const storage = this.#storage
    const temporary = temporaryName(storage, location, 'saving')
    try {
      await requireReplaceable(storage, location)
      await storage.makeFolder(parentOf(location))
      await clearLeftovers(storage, parentOf(location), location)
      // Found out before anything is written; the move settles it where several save at once.
      if (!replace && (await this.exists(location))) throw occupied(location)
      await writeCheckpoint(storage, temporary, location, snapshot)
      await putInPlace(storage, temporary, location, replace)
    } catch (error) {
      await storage.remove(temporary).catch(() => undefined)
      throw filesError(location, error)
    } finally {
      releaseName(temporary)
    }
  }

  async load(location: string, options: LoadOptions = {}): Promise<StoredCheckpoint> {
    return readCheckpoint(this.#storage, await this.#follow(this.#storage.absolute(location)), options)
  }

  /** A pointer may be given for a checkpoint: `…/checkpoints/last`. */
  async #follow(location: string): Promise<string> {
    if ((await this.#storage.kind(location)) !== 'file') return location
    return (await readPointer(this.#storage, parentOf(location), nameOf(location))) ?? location
  }

  async remove(location: string): Promise<void> {
    const path = this.#storage.absolute(location)
    await this.#turns.over(path)
    await requireReplaceable(this.#storage, path)
    await this.#storage.remove(path)
    await removeLeftovers(this.#storage, path)
  }

  async exists(location: string): Promise<boolean> {
    const storage = this.#storage
    const path = await this.#follow(storage.absolute(location)).catch(() => undefined)
    if (path === undefined) return false
    if ((await storage.size(join(path, MANIFEST_FILE))) !== undefined) return true
    return (await findInterrupted(storage, path)) !== undefined
  }

  point(folder: string, name: string, location: string): Promise<void> {
    return writePointer(this.#storage, this.#storage.absolute(folder), name, this.#storage.absolute(location))
  }

  resolve(folder: string, name: string): Promise<string | undefined> {
    return readPointer(this.#storage, this.#storage.absolute(folder), name)
  }

  /** Checks that the folder can be written, and clears it of what killed saves have left. */
  async prepare(folder: string): Promise<void> {
    const storage = this.#storage
    const path = storage.absolute(folder)
    const probe = temporaryName(storage, join(path, 'probe'), 'saving')
    try {
      await storage.makeFolder(path)
      await storage.replace(probe, [new Uint8Array(1)])
      await storage.remove(probe)
      await clearLeftovers(storage, path)
    } catch (error) {
      throw filesError(path, error)
    } finally {
      releaseName(probe)
    }
  }
}
