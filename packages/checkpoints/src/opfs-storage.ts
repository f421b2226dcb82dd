import { LevinError } from '@levin/core'
import { join, nameOf, normalise, parentOf } from './paths.js'
import type { Chunks, Storage, WriteHandle } from './storage.js'

const COPY_BYTES = 4 << 20

/** The last writer of each path in this thread, where there are no locks that reach over threads and tabs. */
const TURNS = new Map<string, Promise<void>>()

export interface OpfsOptions {
  /** The folder that paths start from. Default: the root of the origin's private file system. */
  readonly root?: () => Promise<FileSystemDirectoryHandle>
}

/**
 * Files in the origin's private file system of a browser, on its main thread and in workers. Its folders cannot be moved
 * at once: a checkpoint is copied into its place, and takes twice its room meanwhile.
 *
 * @example
 * const io = checkpointIO(opfsStorage())
 */
export function opfsStorage({ root = originRoot }: OpfsOptions = {}): Storage {
  return new OpfsStorage(root)
}

/** Whether this program has such a file system. */
export const hasOpfs = (): boolean =>
  typeof (globalThis as { navigator?: Navigator }).navigator?.storage?.getDirectory === 'function'

async function originRoot(): Promise<FileSystemDirectoryHandle> {
  if (hasOpfs()) return navigator.storage.getDirectory()
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: 'There is no origin private file system here.',
    remedy: "Serve the page by https or from localhost; in Node use '@levin/checkpoints/node'.",
  })
}

class OpfsStorage implements Storage {
  readonly name = 'opfs'
  readonly #root: () => Promise<FileSystemDirectoryHandle>

  constructor(root: () => Promise<FileSystemDirectoryHandle>) {
    this.#root = root
  }

  absolute(path: string): string {
    return normalise(path)
  }

  async kind(path: string): Promise<'file' | 'folder' | undefined> {
    if (await this.#folder(path)) return 'folder'
    return (await this.#file(path)) ? 'file' : undefined
  }

  async size(file: string): Promise<number | undefined> {
    return (await (await this.#file(file))?.getFile())?.size
  }

  async list(folder: string): Promise<string[]> {
    const names: string[] = []
    for await (const name of (await this.#folder(folder))?.keys() ?? []) names.push(name)
    return names
  }

  async makeFolder(folder: string): Promise<void> {
    await attempt('make', folder, async () => void (await this.#makeFolder(folder)))
  }

  create(file: string): Promise<WriteHandle> {
    return attempt('write', file, async () => {
      const folder = await this.#makeFolder(parentOf(file))
      const handle = await openForWriting(await folder.getFileHandle(nameOf(file), { create: true }))
      return {
        write: (bytes) => attempt('write', file, () => handle.write(bytes)),
        close: () => attempt('write', file, () => handle.close()),
        abort: () => handle.abort(),
      }
    })
  }

  read(file: string, start: number, length: number): Promise<Uint8Array> {
    return attempt('read', file, async () => {
      const handle = await this.#file(file)
      if (!handle) throw new Error('there is no such file')
      return new Uint8Array(await (await handle.getFile()).slice(start, start + length).arrayBuffer())
    })
  }

  // What is written shows when the file is closed, in one step. A new file is there before, empty.
  async replace(file: string, chunks: Chunks): Promise<void> {
    const handle = await this.create(file)
    try {
      for await (const chunk of chunks) await handle.write(chunk)
      await handle.close()
    } catch (error) {
      await handle.abort().catch(() => undefined)
      throw error
    }
  }

  async move(from: string, to: string, last: string): Promise<void> {
    await attempt('write', to, async () => {
      if ((await this.kind(to)) !== undefined) throw new Error('something is there already')
      const kind = await this.kind(from)
      if (kind === undefined) throw new Error(`'${from}' is not there`)
      if (kind === 'file') await this.#copy(from, to)
      else {
        await this.makeFolder(to)
        const names = await this.list(from)
        for (const name of names.filter((name) => name !== last)) await this.#copy(join(from, name), join(to, name))
        if (names.includes(last)) await this.#copy(join(from, last), join(to, last))
      }
      // The mark that it is whole goes first, so that what a killed removal leaves is not taken for a checkpoint.
      await this.remove(join(from, last))
      await this.remove(from)
    })
  }

  async #copy(from: string, to: string): Promise<void> {
    const size = await this.size(from)
    if (size === undefined) throw new Error(`'${from}' is no file`)
    const storage = this
    async function* chunks(length: number): AsyncGenerator<Uint8Array> {
      for (let start = 0; start < length; start += COPY_BYTES) yield storage.read(from, start, COPY_BYTES)
    }
    await this.replace(to, chunks(size))
  }

  async remove(path: string): Promise<void> {
    if (path === '') throw new LevinError('LEVIN_BAD_OPTION', { expected: 'a path to remove', found: 'the root' })
    await attempt('remove', path, async () => {
      const folder = await this.#folder(parentOf(path))
      await folder?.removeEntry(nameOf(path), { recursive: true }).catch(unlessAbsent)
    })
  }

  async exclusively(path: string, action: () => Promise<void>): Promise<void> {
    const { locks } = (globalThis as { navigator?: Partial<Navigator> }).navigator ?? {}
    if (locks) return locks.request(`levin:${path}`, action)
    const turn = (TURNS.get(path) ?? Promise.resolve()).then(action)
    // The next one waits for the end, however it comes.
    TURNS.set(
      path,
      turn.catch(() => undefined),
    )
    return turn
  }

  async modifiedAt(path: string): Promise<number | undefined> {
    const files = (await this.#folder(path)) ? (await this.list(path)).map((name) => join(path, name)) : [path]
    const times: number[] = []
    for (const file of files) {
      const handle = await this.#file(file)
      if (handle) times.push((await handle.getFile()).lastModified)
    }
    return times.length ? Math.max(...times) : undefined
  }

  async #folder(path: string): Promise<FileSystemDirectoryHandle | undefined> {
    let folder: FileSystemDirectoryHandle | undefined = await this.#root()
    for (const name of path.split('/').filter(Boolean)) {
      folder = await folder?.getDirectoryHandle(name).catch(unlessAbsent)
    }
    return folder
  }

  async #makeFolder(path: string): Promise<FileSystemDirectoryHandle> {
    let folder = await this.#root()
    for (const name of path.split('/').filter(Boolean)) folder = await folder.getDirectoryHandle(name, { create: true })
    return folder
  }

  async #file(path: string): Promise<FileSystemFileHandle | undefined> {
    if (path === '') return undefined
    return (await this.#folder(parentOf(path)))?.getFileHandle(nameOf(path)).catch(unlessAbsent)
  }
}

interface SyncAccessHandle {
  truncate(size: number): void
  write(bytes: Uint8Array, options: { at: number }): number
  flush(): void
  close(): void
}

/** A stream where the browser has it; else the blocking handle, which Safari before 26 has instead, in workers only. */
async function openForWriting(file: FileSystemFileHandle): Promise<WriteHandle> {
  if ('createWritable' in file) {
    const stream = await file.createWritable()
    return {
      write: (bytes) => stream.write(bytes as Uint8Array<ArrayBuffer>),
      close: () => stream.close(),
      abort: () => stream.abort(),
    }
  }
  const access = await (file as { createSyncAccessHandle(): Promise<SyncAccessHandle> }).createSyncAccessHandle()
  access.truncate(0)
  let position = 0
  return {
    write: async (bytes) => {
      for (let start = 0; start < bytes.length; ) start += access.write(bytes.subarray(start), { at: position + start })
      position += bytes.length
    },
    close: async () => {
      access.flush()
      access.close()
    },
    abort: async () => access.close(),
  }
}

function unlessAbsent(error: unknown): undefined {
  const { name } = error as { name?: string }
  if (name !== 'NotFoundError' && name !== 'TypeMismatchError') throw error
  return undefined
}

async function attempt<T>(what: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    if (LevinError.isInstance(cause)) throw cause
    const { name, message } = cause as Error
    const full = name === 'QuotaExceededError'
    const remedy =
      'The room of this origin is used up: remove checkpoints, or ask for more by navigator.storage.persist().'
    throw new LevinError('LEVIN_FILES', {
      message: `Cannot ${what} '${path}': ${message}.`,
      cause,
      ...(full ? { remedy } : {}),
    })
  }
}
