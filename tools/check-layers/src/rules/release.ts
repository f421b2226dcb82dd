import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Workspace } from '../workspace.js'

interface ChangesetConfig {
  readonly fixed?: readonly (readonly string[])[]
}

/** Packages that are published are released together: all of them are in the one `fixed` group of changesets. */
export function checkRelease(root: string, workspace: Workspace): string[] {
  const path = join(root, '.changeset', 'config.json')
  if (!existsSync(path)) return []
  const { fixed = [] } = JSON.parse(readFileSync(path, 'utf8')) as ChangesetConfig
  const group: readonly string[] = fixed[0] ?? []
  const published = [...workspace.values()].filter(({ manifest }) => !manifest.private).map(({ name }) => name)
  return [
    ...(fixed.length > 1 ? ['.changeset/config.json: there is more than one fixed group'] : []),
    ...published
      .filter((name) => !group.includes(name))
      .map((name) => `${name}: is public and not in the fixed group of .changeset/config.json`),
    ...group
      .filter((name) => !published.includes(name))
      .map((name) => `.changeset/config.json: there is no public package ${name}`),
  ]
}
