import { dirname, join, relative, resolve, sep } from 'node:path'
import { type Import, importsOf, sourcesIn } from '../imports.js'
import type { Sources } from '../sources.js'
import { type Package, packageOf, runtimeDependencies, type Workspace } from '../workspace.js'

/** Imports of `src/`: declared, for more than tests, and within the package. */
export function checkImports(each: Package, workspace: Workspace, sources: Sources): string[] {
  const declared = new Set([...runtimeDependencies(each), each.name])
  const src = join(each.folder, 'src')
  const problem = (path: string, { specifier }: Import): string | undefined => {
    if (specifier.startsWith('.')) {
      const outside = !`${resolve(dirname(path), specifier)}${sep}`.startsWith(`${each.folder}${sep}`)
      return outside ? `imports ${specifier}, which is outside its package` : undefined
    }
    const name = packageOf(specifier)
    if (!workspace.has(name) || declared.has(name)) return undefined
    return `imports ${name}, which is not among its dependencies or peerDependencies`
  }
  // Tools and examples are run in the repository, from their sources, and are never installed.
  if (each.group === 'tools') return []
  return sourcesIn(src).flatMap((path) =>
    importsOf(sources.get(path)).flatMap((imported) => {
      const found = problem(path, imported)
      return found ? [`${each.name}: ${relative(each.folder, path)}:${imported.line} ${found}`] : []
    }),
  )
}
