import { Layer, LevinError, type Module, type Parameter, ParameterTree } from '@levin/core'
import { matchesPath } from '../group/path-pattern.js'
import { sizeOf } from './line.js'

/** Which layers are gathered when they run, instead of for the whole step. */
export interface UnitOptions {
  /** Paths of layers, `*` for any one name: `['blocks.*', 'tokens']`. Default: found by their size. */
  readonly units?: readonly string[] | undefined
  /** Elements from which a layer is a unit where none are named. Default 65,536. */
  readonly minimumUnitSize?: number | undefined
}

/** A layer and the parameters that are gathered for it alone. */
export interface UnitPlan {
  readonly layer: Layer<unknown, unknown>
  readonly parameters: readonly Parameter[]
}

export interface ModulePlan {
  readonly units: readonly UnitPlan[]
  /** What belongs to no unit, or to several. */
  readonly rest: readonly Parameter[]
}

type AnyLayer = Layer<unknown, unknown>

const MINIMUM = 65_536

/**
 * Divides a module into units: the layers that are named, or those that are large enough. Layers that repeat, such as the blocks of
 * a transformer, are units as they are; others are looked into for layers that are large enough themselves.
 *
 * @throws LEVIN_BAD_OPTION for a path that no layer has
 */
export function planUnits(module: Module, { units, minimumUnitSize = MINIMUM }: UnitOptions): ModulePlan {
  const found = new Set<AnyLayer>()
  if (units) for (const layer of namedLayers(module, units)) found.add(layer)
  else addLargeLayers(module, minimumUnitSize, found)
  const layers = outermost([...found])
  const owners = new Map<Parameter, number>()
  for (const layer of layers)
    for (const parameter of layer.parameters()) owners.set(parameter, (owners.get(parameter) ?? 0) + 1)
  const plans = layers.map((layer) => ({
    layer,
    parameters: layer.parameters().filter((parameter) => owners.get(parameter) === 1),
  }))
  return {
    units: plans.filter(({ parameters }) => parameters.length > 0),
    rest: module.parameters().filter((parameter) => owners.get(parameter) !== 1),
  }
}

// --- Internal helpers ---

function namedLayers(module: Module, patterns: readonly string[]): AnyLayer[] {
  const layers = module.nodes().filter(isLayer)
  return patterns.flatMap((pattern) => {
    const matching = layers.filter(({ path }) => matchesPath(path, pattern))
    if (matching.length > 0) return matching
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The option \`units\` of zero() names '${pattern}', and no layer of ${module.constructor.name} has such a path.`,
      expected: "paths of layers, with '*' for any one name",
      found: layers
        .map(({ path }) => path)
        .slice(0, 12)
        .join(', '),
    })
  })
}

/** Without those that lie within another: that one is gathered whole when it runs. */
function outermost(layers: readonly AnyLayer[]): AnyLayer[] {
  const within = new Set(layers.flatMap((layer) => layer.nodes().filter((node) => node !== layer)))
  return layers.filter((layer) => !within.has(layer))
}

function addLargeLayers(node: ParameterTree, minimum: number, found: Set<AnyLayer>): void {
  const siblings = layersIn(node)
  for (const layer of siblings) {
    if (sizeOf(layer.parameters()) < minimum) continue
    const divides = !repeats(layer, siblings) && hasLargeLayers(layer, minimum)
    if (divides) addLargeLayers(layer, minimum, found)
    else found.add(layer)
  }
}

const hasLargeLayers = (node: ParameterTree, minimum: number): boolean =>
  node.nodes().some((below) => below !== node && isLayer(below) && sizeOf(below.parameters()) >= minimum)

/** Whether another layer beside it is of its kind, with parameters of the same shapes. */
const repeats = (layer: AnyLayer, siblings: readonly AnyLayer[]): boolean =>
  siblings.some(
    (other) => other !== layer && other.constructor === layer.constructor && shapes(other) === shapes(layer),
  )

const shapes = (layer: AnyLayer): string =>
  layer
    .parameters()
    .map(({ shape }) => `[${shape}]`)
    .join(' ')

/** The layers that a node holds, in its fields or in arrays and records of them. */
function layersIn(node: ParameterTree): AnyLayer[] {
  const layers = new Set<AnyLayer>()
  for (const [, child] of node.children()) collect(child, layers)
  return [...layers]
}

function collect(value: unknown, layers: Set<AnyLayer>): void {
  if (value instanceof ParameterTree) {
    if (isLayer(value)) layers.add(value)
    // What is no layer is never called as one: what it holds stands for itself.
    else for (const [, child] of value.children()) collect(child, layers)
  } else if (value instanceof Map) for (const item of value.values()) collect(item, layers)
  else if (Array.isArray(value)) for (const item of value) collect(item, layers)
  else if (isRecord(value)) for (const item of Object.values(value)) collect(item, layers)
}

const isLayer = (node: unknown): node is AnyLayer => node instanceof Layer

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
