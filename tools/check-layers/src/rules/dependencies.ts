import { HUBS, MAY_SEE } from '../table.js'
import { type Package, runtimeDependencies, type Workspace } from '../workspace.js'

/** What a package brings along is of a layer that it may see. */
export function checkDependencies(each: Package, workspace: Workspace): string[] {
  const ours = runtimeDependencies(each).flatMap((name) => workspace.get(name) ?? [])
  const allowed: readonly string[] = each.layer ? MAY_SEE[each.layer] : []
  const wrong = ours.filter(({ layer }) => layer && !allowed.includes(layer))
  const hubs = each.layer === 'plugin' ? ours.filter(({ layer }) => layer && HUBS.includes(layer)) : []
  return [
    ...wrong.map(({ name, layer }) => `${each.name} (${each.layer}) may not depend on ${name} (${layer})`),
    ...(hubs.length > 1
      ? [`${each.name} is a plugin of ${hubs.map(({ name }) => name).join(' and ')}; one is allowed`]
      : []),
  ]
}
