import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PackageName } from './backend.js'

/**
 * Where the main file of an optional peer is: as seen from this package, else from the folder of the program (package
 * managers that link do not show a package what it does not depend on). `undefined`: it is not installed.
 */
export function locate(packageName: PackageName): string | undefined {
  const bases = [import.meta.url, pathToFileURL(join(process.cwd(), 'program.js')).href]
  for (const base of bases) {
    try {
      return createRequire(base).resolve(packageName)
    } catch {
      // Not from here.
    }
  }
  return undefined
}
