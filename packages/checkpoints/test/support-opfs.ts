/** The part of a browser's origin private file system that is used, in memory: what is written shows when it is closed. */
interface MemoryFile {
  bytes: Uint8Array<ArrayBuffer>
  lastModified: number
}

type Entry = MemoryFile | Map<string, Entry>

const failure = (name: string): DOMException => new DOMException(`${name} in the memory file system`, name)

interface MemoryFileSystemOptions {
  /** Bytes that may be written in all. */
  readonly quota?: number
  /** Whether files have `createWritable`; else they have `createSyncAccessHandle`. */
  readonly streams?: boolean
  /** Called before each change. */
  readonly onChange?: () => Promise<void>
}

export function memoryFileSystem({
  quota = Number.POSITIVE_INFINITY,
  streams = true,
  onChange = async () => {},
}: MemoryFileSystemOptions = {}): FileSystemDirectoryHandle {
  const medium: Medium = { used: 0, quota, streams, onChange }
  return folderHandle(new Map(), medium) as unknown as FileSystemDirectoryHandle
}

interface Medium {
  used: number
  readonly quota: number
  readonly streams: boolean
  readonly onChange: () => Promise<void>
}

function folderHandle(entries: Map<string, Entry>, medium: Medium) {
  const find = (name: string, create: boolean, make: () => Entry): Entry => {
    if (name === '' || name.includes('/') || name === '.' || name === '..') throw new TypeError('Name is not allowed.')
    const found = entries.get(name) ?? (create ? make() : undefined)
    if (!found) throw failure('NotFoundError')
    entries.set(name, found)
    return found
  }
  return {
    async getDirectoryHandle(name: string, { create = false } = {}) {
      if (create && !entries.has(name)) await medium.onChange()
      const found = find(name, create, () => new Map())
      if (!(found instanceof Map)) throw failure('TypeMismatchError')
      return folderHandle(found, medium)
    },
    async getFileHandle(name: string, { create = false } = {}) {
      if (create && !entries.has(name)) await medium.onChange()
      const found = find(name, create, () => ({ bytes: new Uint8Array(0), lastModified: Date.now() }))
      if (found instanceof Map) throw failure('TypeMismatchError')
      return fileHandle(found, medium)
    },
    async removeEntry(name: string, { recursive = false } = {}) {
      await medium.onChange()
      const found = entries.get(name)
      if (!found) throw failure('NotFoundError')
      if (found instanceof Map && found.size > 0 && !recursive) throw failure('InvalidModificationError')
      entries.delete(name)
    },
    async *keys() {
      yield* [...entries.keys()]
    },
  }
}

function fileHandle(file: MemoryFile, medium: Medium) {
  const commit = (chunks: readonly Uint8Array[]) => {
    file.bytes = new Uint8Array(Buffer.concat(chunks))
    file.lastModified = Date.now()
  }
  const take = (bytes: Uint8Array): Uint8Array => {
    medium.used += bytes.length
    if (medium.used > medium.quota) throw failure('QuotaExceededError')
    return bytes.slice()
  }
  const getFile = async () => new File([file.bytes], 'file', { lastModified: file.lastModified })
  const chunks: Uint8Array[] = []
  const stream = {
    write: async (bytes: Uint8Array) => void chunks.push(take(bytes)),
    close: async () => {
      await medium.onChange()
      commit(chunks)
    },
    abort: async () => {},
  }
  const access = {
    truncate: () => commit([]),
    // A short write, as the interface allows.
    write: (bytes: Uint8Array, { at }: { at: number }) => {
      if (at !== file.bytes.length) throw new Error(`Expected a write at ${file.bytes.length}, found one at ${at}.`)
      const part = take(bytes.subarray(0, 1000))
      commit([file.bytes, part])
      return part.length
    },
    flush: () => {},
    close: () => {},
  }
  const createWritable = async () => {
    chunks.length = 0
    return stream
  }
  return medium.streams ? { getFile, createWritable } : { getFile, createSyncAccessHandle: async () => access }
}
