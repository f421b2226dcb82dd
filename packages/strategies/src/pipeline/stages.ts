import { Layer, LevinError, type Module } from '@levin/core'

export type AnyLayer = Layer<unknown, unknown>

/** The layers of a module between which a pipeline may cut, in the order in which they are called. */
export interface Chain {
  readonly layers: readonly AnyLayer[]
  /** Where the module says itself where stages begin: the place of the first layer of each. */
  readonly starts: readonly number[] | undefined
}

/**
 * What the module names in `stages()`; otherwise the one chain of layers that it holds, with the chains within it.
 *
 * @throws LEVIN_INVALID_MODULE if there is none, or it is not clear which
 */
export function chainOf(module: Module): Chain {
  const named = module.stages?.()
  const chain = named ? namedChain(module, named) : { layers: foundChain(module), starts: undefined }
  const twice = chain.layers.find((layer, index) => chain.layers.indexOf(layer) !== index)
  if (!twice) return chain
  throw invalid(module, {
    message: `'${twice.path}' is in the pipeline of ${module.constructor.name} twice.`,
    expected: 'layers that are called once in a step',
    remedy: 'Use a layer of its own in each place; what they have in common can be a parameter that both hold.',
  })
}

// --- Internal helpers ---

type Named = NonNullable<ReturnType<NonNullable<Module['stages']>>>

function namedChain(module: Module, named: Named): Chain {
  const isGrouped = named.length > 0 && named.every((each) => Array.isArray(each))
  const groups = (isGrouped ? named : [named]) as readonly (readonly AnyLayer[])[]
  const stranger = groups.flat().find((each) => !(each instanceof Layer))
  if (stranger !== undefined || groups.some((group) => group.length === 0)) {
    throw invalid(module, {
      message: `${module.constructor.name}.stages() gives what no pipeline can be made of.`,
      expected: 'layers, or lists of layers, none of them empty',
      remedy: 'Name the layers in the order in which the step calls them.',
    })
  }
  if (!isGrouped) return { layers: groups.flat().flatMap(membersOf), starts: undefined }
  let at = 0
  const starts = groups.map((group) => {
    at += group.length
    return at - group.length
  })
  return { layers: groups.flat(), starts }
}

function foundChain(module: Module): readonly AnyLayer[] {
  const layers = module.nodes().filter((node): node is AnyLayer => node instanceof Layer)
  const chains = layers.filter(({ chain }) => chain !== undefined)
  const within = new Set(chains.flatMap((chain) => chain.nodes().filter((node) => node !== chain)))
  const outermost = chains.filter((chain) => !within.has(chain))
  const [only] = outermost
  if (outermost.length === 1 && only) return membersOf(only)
  throw invalid(module, {
    message: `A pipeline cannot tell where to cut ${module.constructor.name}.`,
    expected: 'one sequential(…), or a method stages() that names the layers in the order in which the step calls them',
    found:
      outermost.length === 0
        ? 'neither'
        : `${outermost.length} chains: ${outermost.map(({ path }) => `'${path}'`).join(', ')}`,
    remedy: 'Add stages() { return [this.tokens, ...this.blocks, this.head] } to the module.',
  })
}

/** A chain within a chain is cut too. */
const membersOf = (layer: AnyLayer): readonly AnyLayer[] =>
  layer.chain ? (layer.chain as readonly AnyLayer[]).flatMap(membersOf) : [layer]

const invalid = (
  module: Module,
  texts: { message: string; expected: string; found?: string; remedy: string },
): LevinError => new LevinError('LEVIN_INVALID_MODULE', { found: module.stages ? 'stages()' : 'no stages()', ...texts })
