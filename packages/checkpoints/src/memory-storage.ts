import { LevinError } from '@levin/core'
import { join, normalise, parentOf } from './paths.js'
import type { Chunks, Storage, WriteHandle } from './storage.js'

interface MemoryFile {
  bytes: Uint8Array
  modifiedAt: number
}

/** Files in memory, for tests and for checkpoints that need not outlive the program. */
export function memoryStorage(): Storage {
  return new MemoryStorage()
}

class MemoryStorage implements Storage {
  readonly name = 'memory'
  readonly #files = new Map<string, MemoryFile>()
  readonly #folders = new Set<string>([''])

  absolute(path: string): string {
    return normalise(path)
  }

  async kind(path: string): Promise<'file' | 'folder' | undefined> {
    return this.#files.has(path) ? 'file' : this.#folders.has(path) ? 'folder' : undefined
  }

  #has(path: string): boolean {
    return this.#files.has(path) || this.#folders.has(path)
  }

  async size(file: string): Promise<number | undefined> {
    return this.#files.get(file)?.bytes.length
  }

  async list(folder: string): Promise<string[]> {
    const prefix = folder === '' ? '' : join(folder, '')
    const names = [...this.#files.keys(), ...this.#folders].filter((path) => path.startsWith(prefix) && path !== '')
    return [...new Set(names.map((path) => path.slice(prefix.length).split('/')[0] as string))].filter(Boolean)
  }

  async makeFolder(folder: string): Promise<void> {
    for (let path = folder; path !== ''; path = parentOf(path)) {
      if (this.#files.has(path)) throw failed(folder, `'${path}' is a file`)
      this.#folders.add(path)
    }
  }

  async create(file: string): Promise<WriteHandle> {
    this.#requireFolder(file)
    const entry: MemoryFile = { bytes: new Uint8Array(0), modifiedAt: Date.now() }
    const chunks: Uint8Array[] = []
    this.#files.set(file, entry)
    return {
      write: async (bytes) => void chunks.push(bytes.slice()),
      close: async () => {
        entry.bytes = concatenate(chunks)
        entry.modifiedAt = Date.now()
      },
      abort: async () => {},
    }
  }

  #requireFolder(file: string): void {
    if (!this.#folders.has(parentOf(file))) throw failed(file, 'there is no such folder')
    if (this.#folders.has(file)) throw failed(file, 'it is a folder')
  }

  async read(file: string, start: number, length: number): Promise<Uint8Array> {
    const entry = this.#files.get(file)
    if (!entry) throw failed(file, 'there is no such file')
    return entry.bytes.slice(start, start + length)
  }

  async replace(file: string, chunks: Chunks): Promise<void> {
    this.#requireFolder(file)
    const copies: Uint8Array[] = []
    for await (const chunk of chunks) copies.push(chunk.slice())
    this.#files.set(file, { bytes: concatenate(copies), modifiedAt: Date.now() })
  }

  async move(from: string, to: string): Promise<void> {
    // No await from here on: of two that move to one place, the second one has to find the first.
    if (!this.#has(from)) throw failed(from, 'it is not there')
    if (this.#has(to)) throw failed(to, 'something is there already')
    const renamed = (path: string) => to + path.slice(from.length)
    for (const [path, file] of this.#within(from)) {
      this.#files.delete(path)
      this.#files.set(renamed(path), file)
    }
    for (const folder of [...this.#folders].filter((path) => path === from || path.startsWith(join(from, '')))) {
      this.#folders.delete(folder)
      this.#folders.add(renamed(folder))
    }
  }

  #within(path: string): [string, MemoryFile][] {
    return [...this.#files].filter(([file]) => file === path || file.startsWith(join(path, '')))
  }

  async remove(path: string): Promise<void> {
    for (const [file] of this.#within(path)) this.#files.delete(file)
    for (const folder of this.#folders)
      if (folder === path || folder.startsWith(join(path, ''))) this.#folders.delete(folder)
    this.#folders.add('')
  }

  async modifiedAt(path: string): Promise<number | undefined> {
    const times = this.#within(path).map(([, { modifiedAt }]) => modifiedAt)
    return times.length ? Math.max(...times) : undefined
  }
}

/** All chunks in one array. */
export function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let start = 0
  for (const chunk of chunks) {
    bytes.set(chunk, start)
    start += chunk.length
  }
  return bytes
}

const failed = (path: string, why: string): LevinError =>
  new LevinError('LEVIN_FILES', { message: `Cannot use '${path}': ${why}.` })
