import { allDependencies, type Workspace } from '../workspace.js'

/** Cycles of all kinds of dependencies: nx builds what a package's tests use before the package. */
export function checkCycles(workspace: Workspace): string[] {
  const done = new Set<string>()
  const problems: string[] = []
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      problems.push(`a cycle of dependencies: ${[...path.slice(path.indexOf(name)), name].join(' → ')}`)
      return
    }
    const each = workspace.get(name)
    if (!each || done.has(name)) return
    for (const next of allDependencies(each)) visit(next, [...path, name])
    done.add(name)
  }
  for (const name of workspace.keys()) visit(name, [])
  return problems
}
