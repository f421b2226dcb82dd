import { type Files, LevinError } from '@levin/core'

/** A run's place on disk: `<saveDir>/<name>/<version>`. */
export interface RunFolder {
  readonly path: string
  readonly version: string
}

export interface RunFolderOptions {
  readonly saveDir: string
  readonly name: string
  /** A number makes `version_<n>`. Absent: the next one that is free. */
  readonly version: string | number | undefined
}

/**
 * Makes a run's folder. Versions are counted up; two runs that start at the same moment get different ones, since only
 * one of them finds that it made the folder.
 *
 * @throws LEVIN_FILES naming the folder, if it cannot be made.
 */
export async function claimRunFolder(files: Files, { saveDir, name, version }: RunFolderOptions): Promise<RunFolder> {
  const parent = [files.absolute(saveDir), name].filter(Boolean).join('/')
  try {
    // The parent first: with both made in one call, "new" could be said of the parent alone.
    await files.makeFolder(parent)
    return version === undefined ? await nextVersion(files, parent) : await fixedVersion(files, parent, version)
  } catch (error) {
    throw new LevinError('LEVIN_FILES', {
      message: `The logger cannot use the folder '${parent}': ${error instanceof Error ? error.message : String(error)}`,
      remedy: "Choose another one by the logger's option saveDir, or by the Trainer's defaultRootDir.",
      cause: error,
    })
  }
}

async function fixedVersion(files: Files, parent: string, given: string | number): Promise<RunFolder> {
  const version = typeof given === 'number' ? `version_${given}` : given
  const path = `${parent}/${version}`
  await files.makeFolder(path)
  return { path, version }
}

async function nextVersion(files: Files, parent: string): Promise<RunFolder> {
  const taken = (await files.list(parent)).map((entry) => Number(/^version_(\d+)$/.exec(entry)?.[1] ?? -1))
  for (let next = Math.max(-1, ...taken) + 1; ; next++) {
    const version = `version_${next}`
    const path = `${parent}/${version}`
    if (await files.makeFolder(path)) return { path, version }
  }
}
