import { Layer, type ParameterTree, StoredTensor } from '@levin/core'
import type { AnyLayer } from '../../pipeline/stages.js'

/**
 * What tells a layer from others for whoever measures it, such as the blocks of a transformer, which are alike: class, options and
 * shapes of it and of all that is in it. `undefined` for one that holds functions, which may do anything.
 *
 * Private `#fields` cannot be seen: layers that differ in these alone are taken for alike if `describe()` does not tell.
 */
export function likeness(layer: AnyLayer, input: string): string | undefined {
  const parts = [input]
  for (const node of layer.nodes()) {
    const own = likenessOfNode(node)
    if (own === undefined) return undefined
    parts.push(own)
  }
  return parts.join('\n')
}

function likenessOfNode(node: ParameterTree): string | undefined {
  const facts: unknown[] = [node.constructor.name, node instanceof Layer ? node.describe() : '']
  for (const [name, value] of Object.entries(node)) {
    if (typeof value === 'function') return undefined
    if (value instanceof StoredTensor) facts.push([name, value.shape, (value as { trainable?: boolean }).trainable])
    else if (typeof value !== 'object' || (Array.isArray(value) && value.every((each) => typeof each !== 'object')))
      facts.push([name, value])
  }
  return JSON.stringify(facts, (_key, value) => (typeof value === 'bigint' ? `${value}` : value))
}
