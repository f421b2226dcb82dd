import { APPS, type Layer, MAY_SEE } from '../table.js'
import type { Package } from '../workspace.js'

const mayBe = (layer: Layer, { name, group }: Package): boolean => {
  if (group === 'plugins') return layer === 'plugin'
  if (group !== 'packages') return layer === 'app'
  return layer === 'app' ? APPS.includes(name) : layer !== 'plugin'
}

/** A package says its layer, and one that its folder allows. */
export function checkTag(each: Package): string[] {
  const known = Object.keys(MAY_SEE).join(', ')
  if (!each.layer) return [`${each.name}: its nx.tags name no layer; add 'layer:<one of ${known}>'`]
  return mayBe(each.layer, each)
    ? []
    : [`${each.name}: a package of ${each.group}/ may not be of layer '${each.layer}'`]
}
