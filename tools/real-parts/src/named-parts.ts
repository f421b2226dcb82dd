import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PARTS, type PartName } from './parts.js'

const isPart = (name: string): name is PartName => Object.hasOwn(PARTS, name)

/** The parts that the tests of the repository at `root` name in `requirePart('…')`. */
export function namedParts(root: string): PartName[] {
  const tests = ['packages', 'plugins', 'examples', 'tools']
    .map((group) => join(root, group))
    .filter((group) => existsSync(group))
    .flatMap((group) => readdirSync(group).map((entry) => join(group, entry, 'test')))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((path) => join(folder, `${path}`)))
    .filter((path) => path.endsWith('.ts'))
  const names = tests.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\brequirePart\(\s*['"]([^'"]+)['"]/g)].flatMap(([, name]) => name ?? []),
  )
  return [...new Set(names)].filter(isPart).sort()
}
