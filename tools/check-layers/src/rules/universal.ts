import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { importsOf } from '../imports.js'
import type { Sources } from '../sources.js'
import { MAY_IMPORT_BACKENDS } from '../table.js'
import { type Package, packageOf, type Workspace } from '../workspace.js'

const entryOf = ({ folder, manifest }: Package, subpath: string): string | undefined => {
  const target = manifest.exports?.[subpath]
  const source = typeof target === 'object' ? target['@levin/source'] : undefined
  return source ? join(folder, source) : undefined
}

/** The file that a relative specifier with a `.js` ending means. */
const resolveRelative = (from: string, specifier: string): string | undefined => {
  const path = resolve(dirname(from), specifier)
  return [path.replace(/\.js$/, '.ts'), path.replace(/\.mjs$/, '.mts')].find(
    (each) => /ts$/.test(each) && existsSync(each),
  )
}

/** What a universal package's main entry reaches at run time must exist in a browser. */
export function checkUniversal(each: Package, workspace: Workspace, sources: Sources): string[] {
  const entry = each.universal ? entryOf(each, '.') : undefined
  if (!entry) return each.universal ? [`${each.name}: exports['.'] has no '@levin/source'`] : []
  const backends = each.layer !== undefined && MAY_IMPORT_BACKENDS.includes(each.layer)
  const problems: string[] = []
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path) || !existsSync(path)) return
    seen.add(path)
    for (const { specifier, typeOnly, line } of importsOf(sources.get(path))) {
      if (typeOnly) continue
      const where = `${each.name}: ${relative(each.folder, path)}:${line}`
      if (isBuiltin(specifier)) problems.push(`${where} imports ${specifier}, and its main entry must run in a browser`)
      if (!backends && specifier.startsWith('@tensorflow/tfjs-backend-')) {
        problems.push(`${where} imports ${specifier}: backends belong to accelerators`)
      }
      const sibling = workspace.get(packageOf(specifier))
      const next = specifier.startsWith('.')
        ? resolveRelative(path, specifier)
        : sibling && entryOf(sibling, `.${specifier.slice(sibling.name.length)}`)
      if (next) visit(next)
    }
  }
  visit(entry)
  return problems
}
