import { checkCycles } from './rules/cycles.js'
import { checkDependencies } from './rules/dependencies.js'
import { checkImports } from './rules/imports.js'
import { checkNameless, pluginNames } from './rules/nameless.js'
import { checkRelease } from './rules/release.js'
import { checkTag } from './rules/tags.js'
import { checkUniversal } from './rules/universal.js'
import { Sources } from './sources.js'
import { readWorkspace } from './workspace.js'

/** Everything that is wrong with the layers of the workspace at `root`, one sentence each; empty when all is well. */
export function checkLayers(root: string): string[] {
  const workspace = readWorkspace(root)
  const sources = new Sources()
  const names = pluginNames(workspace, sources)
  return [
    ...[...workspace.values()].flatMap((each) => [
      ...checkTag(each),
      ...checkDependencies(each, workspace),
      ...checkImports(each, workspace, sources),
      ...checkUniversal(each, workspace, sources),
      ...checkNameless(each, names, sources),
    ]),
    ...checkCycles(workspace),
    ...checkRelease(root, workspace),
  ]
}
