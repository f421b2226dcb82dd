import { LevinError } from '../errors.js'
import type { Files } from './platform.js'

interface NodeModules {
  readonly fs: typeof import('node:fs')
  readonly path: typeof import('node:path')
}

/** {@link Files} over Node's own, which is handed in: this package imports nothing of Node. */
export function nodeFiles({ fs, path }: NodeModules): Files {
  const { promises } = fs
  const attempt = async <T>(what: string, file: string, action: () => Promise<T>): Promise<T> =>
    action().catch((error: unknown) => {
      throw fileError(what, path.resolve(file), error)
    })
  const parent = (file: string) => promises.mkdir(path.dirname(file), { recursive: true })
  return {
    read: (file) => attempt('read', file, () => promises.readFile(file)),
    write: (file, data) =>
      attempt('write', file, async () => {
        await parent(file)
        // Beside the file, so that the rename stays within one file system, where it is atomic.
        const unfinished = `${file}.${Math.random().toString(36).slice(2)}.unfinished`
        try {
          await promises.writeFile(unfinished, data)
          await promises.rename(unfinished, file)
        } catch (error) {
          await promises.rm(unfinished, { force: true })
          throw error
        }
      }),
    appendSync(file, data) {
      try {
        fs.appendFileSync(file, data)
      } catch (error) {
        throw fileError('append to', path.resolve(file), error)
      }
    },
    truncate: (file, length) => attempt('truncate', file, () => promises.truncate(file, length)),
    size: (file) =>
      promises.stat(file).then(
        (stat) => stat.size,
        () => undefined,
      ),
    list: (folder) => promises.readdir(folder).catch(() => []),
    makeFolder: (folder) =>
      attempt('make', folder, async () => (await promises.mkdir(folder, { recursive: true })) !== undefined),
    exists: (file) =>
      promises.access(file).then(
        () => true,
        () => false,
      ),
    absolute: (file) => path.resolve(file),
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES:
    'The file or its folder may not be written by this user: choose another folder (defaultRootDir) or change its permissions.',
  EPERM:
    'The file or its folder may not be written by this user: choose another folder (defaultRootDir) or change its permissions.',
  EROFS: 'The file system is read-only: choose another folder (defaultRootDir).',
  ENOSPC: 'The disk is full: free some space or choose another folder (defaultRootDir).',
  ENOTDIR: 'A part of the path is a file: choose another folder (defaultRootDir).',
  EEXIST: 'A file is where a folder should be: choose another folder (defaultRootDir).',
}

function fileError(what: string, file: string, error: unknown): LevinError {
  const { code = '', message } = error as { code?: string; message: string }
  const remedy = REMEDIES[code]
  return new LevinError('LEVIN_FILES', {
    message: `Cannot ${what} '${file}': ${message}.`,
    ...(remedy ? { remedy } : {}),
    cause: error,
  })
}
