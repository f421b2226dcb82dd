import { LevinError } from '@levin/core'
import { releaseName, temporaryName } from './leftovers.js'
import { join, parentOf } from './paths.js'
import { sha256 } from './sha256.js'
import type { Chunks, Storage, WriteHandle } from './storage.js'
import { writeFile } from './write-file.js'

type FileHandle = import('node:fs/promises').FileHandle

interface NodeModules {
  readonly fs: typeof import('node:fs')
  readonly path: typeof import('node:path')
  readonly os: typeof import('node:os')
  readonly process: typeof import('node:process')
}

/** Node's own modules, without an import that a bundler for browsers would trip over; `undefined` elsewhere. */
export function nodeModules(): NodeModules | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
  const builtin = process?.getBuiltinModule?.bind(process)
  if (!builtin) return undefined
  const [fs, path, os, own] = ['node:fs', 'node:path', 'node:os', 'node:process'].map((name) => builtin(name))
  return { fs, path, os, process: own } as NodeModules
}

/**
 * Files on disk, in Node. A file that was closed and a name that was given are on the medium, not in a cache alone:
 * files and folders are synced.
 *
 * @throws LEVIN_UNAVAILABLE outside Node 20.16 and later
 */
export function nodeStorage(): Storage {
  const modules = nodeModules()
  if (modules) return new NodeStorage(modules)
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: 'There is no disk here: nodeStorage() needs Node 20.19 or later.',
    remedy: "In a browser use opfsStorage() of '@levin/checkpoints/opfs'.",
  })
}

class NodeStorage implements Storage {
  readonly name = 'disk'
  readonly writer: string
  readonly #modules: NodeModules
  readonly #machine: string

  constructor(modules: NodeModules) {
    this.#modules = modules
    this.#machine = machineName(modules)
    this.writer = `${this.#machine}${modules.process.pid}${threadName(modules)}`
  }

  get #files(): typeof import('node:fs/promises') {
    return this.#modules.fs.promises
  }

  absolute(path: string): string {
    return this.#modules.path.resolve(path).replaceAll('\\', '/')
  }

  async kind(path: string): Promise<'file' | 'folder' | undefined> {
    const stat = await this.#stat(path)
    return stat && (stat.isDirectory() ? 'folder' : 'file')
  }

  async size(file: string): Promise<number | undefined> {
    const stat = await this.#stat(file)
    return stat?.isFile() ? stat.size : undefined
  }

  async list(folder: string): Promise<string[]> {
    return (await attempt('list', folder, () => this.#files.readdir(folder).catch(unlessAbsent))) ?? []
  }

  async makeFolder(folder: string): Promise<void> {
    await attempt('make', folder, async () => {
      const first = await this.#files.mkdir(folder, { recursive: true })
      // Each new folder is a name in the one above it, which has to last as well.
      for (let made = folder; first !== undefined && made.length >= first.length; made = parentOf(made)) {
        await this.#syncFolder(parentOf(made))
      }
    })
  }

  async create(file: string): Promise<WriteHandle> {
    const handle = await attempt('write', file, () => this.#files.open(file, 'w'))
    return {
      write: (bytes) => attempt('write', file, () => writeAll(handle, bytes)),
      close: () =>
        attempt('write', file, async () => {
          await handle.sync()
          await handle.close()
        }),
      abort: () => handle.close(),
    }
  }

  async read(file: string, start: number, length: number): Promise<Uint8Array> {
    return attempt('read', file, async () => {
      const handle = await this.#files.open(file, 'r')
      try {
        return await readRange(handle, start, length)
      } finally {
        await handle.close()
      }
    })
  }

  async replace(file: string, chunks: Chunks): Promise<void> {
    const temporary = temporaryName(this, file, 'pointing')
    try {
      await writeFile(this, temporary, chunks)
      await attempt('write', file, () => this.#files.rename(temporary, file))
      await this.#syncFolder(parentOf(file))
    } catch (error) {
      await this.#files.rm(temporary, { force: true }).catch(() => undefined)
      throw error
    } finally {
      releaseName(temporary)
    }
  }

  async move(from: string, to: string): Promise<void> {
    await attempt('write', to, async () => {
      // rename() would replace a file or an empty folder in silence.
      if ((await this.kind(to)) !== undefined) throw new Error('something is there already')
      if ((await this.kind(from)) === 'folder') await this.#syncFolder(from)
      await this.#files.rename(from, to)
      await this.#syncFolder(parentOf(to))
    })
  }

  async remove(path: string): Promise<void> {
    await attempt('remove', path, () =>
      // Again where somebody has put a file into a folder that was being emptied: another rank that has not heard yet.
      this.#files.rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }),
    )
  }

  async modifiedAt(path: string): Promise<number | undefined> {
    const times = [(await this.#stat(path))?.mtimeMs]
    for (const name of await this.list(path)) times.push((await this.#stat(join(path, name)))?.mtimeMs)
    const known = times.filter((time) => time !== undefined)
    return known.length ? Math.max(...known) : undefined
  }

  #stat(path: string): Promise<import('node:fs').Stats | undefined> {
    return attempt('look at', path, () => this.#files.stat(path).catch(unlessAbsent))
  }

  hasEnded(writer: string): boolean {
    const { fs, process } = this.#modules
    const local = writer.startsWith(this.#machine) ? WRITER.exec(writer.slice(this.#machine.length)) : undefined
    const { pid, thread } = local?.groups ?? {}
    if (pid === undefined) return false
    if (thread !== undefined && !fs.existsSync(`/proc/${pid}/task/${thread}`)) return true
    if (Number(pid) === process.pid) return false
    try {
      process.kill(Number(pid), 0)
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH'
    }
  }

  // A new name is on the medium once its folder is. Windows cannot sync folders, and need not.
  async #syncFolder(folder: string): Promise<void> {
    if (this.#modules.process.platform === 'win32') return
    const handle = await this.#files.open(folder === '' ? '.' : folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
}

const WRITER = /^(?<pid>[1-9]\d*)(?:t(?<thread>\d+))?$/

/**
 * The worker thread that this is, by the system's number for it: a thread that was ended is known by that from any other, also
 * within one process. Empty on the main thread, which lives as long as the process, and where there is no `/proc` to ask.
 */
function threadName({ fs, process }: NodeModules): string {
  try {
    const [, , thread] = fs.readlinkSync('/proc/thread-self').split('/')
    return thread === undefined || thread === String(process.pid) ? '' : `t${thread}`
  } catch {
    return ''
  }
}

/** Eight digits for the set of processes whose ids can be asked about here: the host, and its container where it is one. */
function machineName({ fs, os }: NodeModules): string {
  let namespace = ''
  try {
    namespace = fs.readlinkSync('/proc/self/ns/pid')
  } catch {
    // Not Linux: every process of the host can be asked about.
  }
  const hash = sha256()
  hash.update(new TextEncoder().encode(`${os.hostname()} ${namespace}`))
  return hash.digest().slice(0, 8)
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length; ) {
    start += (await handle.write(bytes, start, bytes.length - start)).bytesWritten
  }
}

async function readRange(handle: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled === length ? bytes : bytes.slice(0, filled)
}

function unlessAbsent(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
  return undefined
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'This user may not use it: choose another folder or change its permissions.',
  EPERM: 'This user may not use it: choose another folder or change its permissions.',
  EROFS: 'The file system is read-only: choose another folder.',
  ENOSPC: 'The disk is full: free some space or choose another folder.',
  EDQUOT: 'The quota of this user is used up: free some space or choose another folder.',
  ENOTDIR: 'A part of the path is a file: choose another folder.',
  EEXIST: 'A file is where a folder should be: choose another folder.',
}

async function attempt<T>(what: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    if (LevinError.isInstance(cause)) throw cause
    const { code = '', message } = cause as NodeJS.ErrnoException
    const remedy = REMEDIES[code]
    throw new LevinError('LEVIN_FILES', {
      message: `Cannot ${what} '${path}': ${message}.`,
      cause,
      ...(remedy ? { remedy } : {}),
    })
  }
}
