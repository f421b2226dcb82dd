import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  /** What packages of plugins say: the entry that makes them known by name. */
  readonly levin?: { readonly register?: string }
}

/** A package of plugins that could not be imported. */
export interface BrokenPackage {
  readonly name: string
  readonly reason: string
}

/**
 * Makes the plugins known by name that the project in a folder depends on: of every package in its `package.json` whose own
 * names an entry `levin.register`. Nothing else of the project is imported.
 *
 * @returns packages whose entry failed
 */
export async function registerInstalledPlugins(folder: string): Promise<readonly BrokenPackage[]> {
  const manifest = join(folder, 'package.json')
  const { dependencies, devDependencies, optionalDependencies } = (await readManifest(manifest)) ?? {}
  const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
  const broken = await Promise.all(names.map((name) => registerPackage(name, createRequire(manifest))))
  return broken.filter((each) => each !== undefined)
}

async function registerPackage(name: string, require: NodeJS.Require): Promise<BrokenPackage | undefined> {
  const register = await entryOf(name, require)
  if (register === undefined) return undefined
  try {
    await import(pathToFileURL(require.resolve(join(name, register).replaceAll('\\', '/'))).href)
    return undefined
  } catch (error) {
    return { name, reason: error instanceof Error ? error.message : String(error) }
  }
}

/** `'./register'`, where the package has plugins. */
async function entryOf(name: string, require: NodeJS.Require): Promise<string | undefined> {
  try {
    return (await readManifest(require.resolve(`${name}/package.json`)))?.levin?.register
  } catch {
    // Not installed, or one that does not show its manifest, as plugins do.
    return undefined
  }
}

const readManifest = async (path: string): Promise<Manifest | undefined> =>
  readFile(path, 'utf8').then(
    (text) => JSON.parse(text) as Manifest,
    () => undefined,
  )
