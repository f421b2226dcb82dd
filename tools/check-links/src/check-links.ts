import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { anchorsOf, linksOf } from './markdown.js'

/** Not ours, made by a tool, or written anew with every release. */
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.nx', 'coverage', 'runs', '.changeset'])

function pagesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : pagesIn(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

const isElsewhere = (target: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(target) || target.startsWith('//')

/** Why a link leads nowhere, or `undefined`. */
function problemOf(root: string, page: string, target: string): string | undefined {
  if (isElsewhere(target)) return undefined
  const [path = '', anchor] = decodeURI(target).split('#', 2)
  const file = path === '' ? page : path.startsWith('/') ? join(root, path) : join(dirname(page), path)
  if (!`${file}${sep}`.startsWith(`${root.replace(/[\\/]$/, '')}${sep}`)) return 'leaves the repository'
  if (!existsSync(file)) return 'does not exist'
  if (!anchor || !file.endsWith('.md')) return undefined
  return anchorsOf(readFileSync(file, 'utf8')).has(anchor) ? undefined : `has no heading #${anchor}`
}

/**
 * Every relative link of every page of the repository at `root` that leads nowhere, one sentence each. Links to the
 * web are not followed: a check must not fail because somebody else's server is down.
 */
export function checkLinks(root: string): string[] {
  return pagesIn(root).flatMap((page) =>
    linksOf(readFileSync(page, 'utf8')).flatMap(({ target, line }) => {
      const problem = problemOf(root, page, target)
      return problem ? [`${relative(root, page)}:${line} links to ${target}, which ${problem}`] : []
    }),
  )
}
