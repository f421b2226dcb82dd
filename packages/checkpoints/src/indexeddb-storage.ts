import { LevinError } from '@levin/core'
import { concatenate } from './memory-storage.js'
import { join, normalise, parentOf } from './paths.js'
import type { Chunks, Storage, WriteHandle } from './storage.js'

/** A file's or a folder's entry. A file's bytes lie under its id, so that it moves without them. */
interface Entry {
  readonly path: string
  /** Absent for folders. */
  readonly id?: string
  readonly size: number
  readonly modifiedAt: number
}

interface Chunk {
  readonly id: string
  /** Where in the file it begins. */
  readonly start: number
  readonly bytes: Uint8Array
}

const ENTRIES = 'entries'
const CHUNKS = 'chunks'

/**
 * Files in an IndexedDB database: for browsers without an origin private file system. Every change is one transaction, so
 * a folder moves at once.
 *
 * @param database its name. Default `'levin'`.
 */
export function indexedDbStorage(database = 'levin'): Storage {
  return new IndexedDbStorage(database)
}

/** Whether this program has such databases. */
export const hasIndexedDb = (): boolean => 'indexedDB' in globalThis

class IndexedDbStorage implements Storage {
  readonly name = 'indexeddb'
  readonly #database: string
  #opened: Promise<IDBDatabase> | undefined

  constructor(database: string) {
    this.#database = database
  }

  absolute(path: string): string {
    return normalise(path)
  }

  async kind(path: string): Promise<'file' | 'folder' | undefined> {
    if (path === '') return 'folder'
    const entry = await this.#entry(path)
    return entry && (entry.id === undefined ? 'folder' : 'file')
  }

  async size(file: string): Promise<number | undefined> {
    const entry = await this.#entry(file)
    return entry?.id === undefined ? undefined : entry.size
  }

  async list(folder: string): Promise<string[]> {
    const prefix = folder === '' ? '' : join(folder, '')
    const entries = await this.#read('list', folder, ({ entries }) => result(entries.getAllKeys(below(folder))))
    const names = entries.map((path) => (path as string).slice(prefix.length).split('/')[0] as string)
    return [...new Set(names)]
  }

  makeFolder(folder: string): Promise<void> {
    return this.#change('make', folder, async (stores) => {
      for (let path = folder; path !== ''; path = parentOf(path)) {
        const entry = await entryOf(stores, path)
        if (entry?.id !== undefined) throw new Error(`'${path}' is a file`)
        if (!entry) await result(stores.entries.put({ path, size: 0, modifiedAt: Date.now() } satisfies Entry))
      }
    })
  }

  async create(file: string): Promise<WriteHandle> {
    const id = await this.#begin(file)
    let size = 0
    return {
      write: async (bytes) => {
        await this.#append(file, { id, start: size, bytes: bytes.slice() })
        size += bytes.length
      },
      close: () => this.#finish(file, id, size),
      abort: () => this.#forget(id),
    }
  }

  /** An empty file from the start, so that what a killed writer leaves can be found and removed. */
  async #begin(file: string): Promise<string> {
    const id = crypto.randomUUID()
    await this.#finish(file, id, 0)
    return id
  }

  #append(file: string, chunk: Chunk): Promise<void> {
    return this.#change('write', file, async ({ chunks }) => void (await result(chunks.put(chunk))))
  }

  #finish(file: string, id: string, size: number): Promise<void> {
    return this.#change('write', file, async (stores) => {
      const folder = parentOf(file)
      if (folder !== '' && !(await entryOf(stores, folder))) throw new Error('there is no such folder')
      const old = await entryOf(stores, file)
      if (old && old.id === undefined) throw new Error('it is a folder')
      await result(stores.entries.put({ path: file, id, size, modifiedAt: Date.now() } satisfies Entry))
      if (old?.id !== undefined && old.id !== id) await result(stores.chunks.delete(chunksOf(old.id)))
    })
  }

  #forget(id: string): Promise<void> {
    return this.#change('remove', id, async ({ chunks }) => void (await result(chunks.delete(chunksOf(id)))))
  }

  async read(file: string, start: number, length: number): Promise<Uint8Array> {
    return this.#read('read', file, async (stores) => {
      const entry = await entryOf(stores, file)
      if (entry?.id === undefined) throw new Error('there is no such file')
      const end = Math.min(start + length, entry.size)
      if (start >= end) return new Uint8Array(0)
      const before = IDBKeyRange.bound([entry.id, 0], [entry.id, start])
      const first = (await result(stores.chunks.openKeyCursor(before, 'prev')))?.key as [string, number] | undefined
      const range = IDBKeyRange.bound(first ?? [entry.id, start], [entry.id, end], false, true)
      const chunks = (await result(stores.chunks.getAll(range))) as Chunk[]
      const offset = start - (chunks[0]?.start ?? 0)
      return concatenate(chunks.map(({ bytes }) => bytes)).slice(offset, offset + end - start)
    })
  }

  // The entry names other bytes in one transaction, once they are all there.
  async replace(file: string, chunks: Chunks): Promise<void> {
    const id = crypto.randomUUID()
    let size = 0
    try {
      for await (const chunk of chunks) {
        await this.#append(file, { id, start: size, bytes: chunk.slice() })
        size += chunk.length
      }
      await this.#finish(file, id, size)
    } catch (error) {
      await this.#forget(id).catch(() => undefined)
      throw error
    }
  }

  move(from: string, to: string): Promise<void> {
    return this.#change('write', to, async (stores) => {
      if (await entryOf(stores, to)) throw new Error('something is there already')
      const moved = await entriesAt(stores, from)
      if (moved.length === 0) throw new Error(`'${from}' is not there`)
      for (const entry of moved) {
        await result(stores.entries.delete(entry.path))
        await result(stores.entries.put({ ...entry, path: to + entry.path.slice(from.length) }))
      }
    })
  }

  remove(path: string): Promise<void> {
    return this.#change('remove', path, async (stores) => {
      for (const entry of await entriesAt(stores, path)) {
        if (entry.id !== undefined) await result(stores.chunks.delete(chunksOf(entry.id)))
        await result(stores.entries.delete(entry.path))
      }
    })
  }

  async modifiedAt(path: string): Promise<number | undefined> {
    const entries = await this.#read('read', path, (stores) => entriesAt(stores, path))
    return entries.length ? Math.max(...entries.map(({ modifiedAt }) => modifiedAt)) : undefined
  }

  /** Opened at the first use; a failure is not remembered. */
  #open(): Promise<IDBDatabase> {
    this.#opened ??= openDatabase(this.#database).catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  #entry(path: string): Promise<Entry | undefined> {
    return this.#read('read', path, (stores) => entryOf(stores, path))
  }

  #read<T>(what: string, path: string, action: (stores: Stores) => Promise<T>): Promise<T> {
    return this.#transaction('readonly', what, path, action)
  }

  #change(what: string, path: string, action: (stores: Stores) => Promise<void>): Promise<void> {
    return this.#transaction('readwrite', what, path, action)
  }

  async #transaction<T>(
    mode: IDBTransactionMode,
    what: string,
    path: string,
    action: (stores: Stores) => Promise<T>,
  ): Promise<T> {
    let transaction: IDBTransaction | undefined
    try {
      transaction = (await this.#open()).transaction([ENTRIES, CHUNKS], mode, { durability: 'strict' })
      const done = completion(transaction)
      // Whoever fails first is reported; an aborted transaction must not be reported a second time.
      done.catch(() => undefined)
      const value = await action({ entries: transaction.objectStore(ENTRIES), chunks: transaction.objectStore(CHUNKS) })
      await done
      return value
    } catch (cause) {
      abort(transaction)
      throw storageError(what, path, cause)
    }
  }
}

interface Stores {
  readonly entries: IDBObjectStore
  readonly chunks: IDBObjectStore
}

async function openDatabase(name: string): Promise<IDBDatabase> {
  if (!hasIndexedDb()) {
    throw new LevinError('LEVIN_UNAVAILABLE', {
      message: 'There is no IndexedDB here.',
      remedy: "In Node use '@levin/checkpoints/node'.",
    })
  }
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => {
    request.result.createObjectStore(ENTRIES, { keyPath: 'path' })
    request.result.createObjectStore(CHUNKS, { keyPath: ['id', 'start'] })
  }
  return result(request)
}

const result = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

const completion = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'))
  })

function abort(transaction: IDBTransaction | undefined): void {
  try {
    transaction?.abort()
  } catch {
    // It has ended already.
  }
}

const entryOf = ({ entries }: Stores, path: string): Promise<Entry | undefined> => result(entries.get(path))

/** A file's own entry, or a folder's and those of all it holds. */
async function entriesAt(stores: Stores, path: string): Promise<Entry[]> {
  const own = await entryOf(stores, path)
  return [...(own ? [own] : []), ...((await result(stores.entries.getAll(below(path)))) as Entry[])]
}

const below = (folder: string): IDBKeyRange =>
  folder === '' ? IDBKeyRange.lowerBound('') : IDBKeyRange.bound(join(folder, ''), `${join(folder, '')}\uffff`)

// In the order of IndexedDB every list comes after every number.
const chunksOf = (id: string): IDBKeyRange => IDBKeyRange.bound([id], [id, []])

function storageError(what: string, path: string, cause: unknown): LevinError {
  if (LevinError.isInstance(cause)) return cause
  const { name, message } = (cause ?? {}) as Partial<Error>
  const remedy =
    'The room of this origin is used up: remove checkpoints, or ask for more by navigator.storage.persist().'
  const full = name === 'QuotaExceededError' ? { remedy } : {}
  return new LevinError('LEVIN_FILES', { message: `Cannot ${what} '${path}': ${message}.`, cause, ...full })
}
