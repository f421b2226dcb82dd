import { Variable } from '@tensorflow/tfjs-core'
import { Buffer } from './buffer.js'
import { Parameter, VariableParameter } from './parameter.js'
import type { StoredTensor } from './stored-tensor.js'

/**
 * A node of a model: something that holds parameters, buffers and further nodes in its fields. The base of `Layer` and
 * `Module`. Names of fields make paths: `net.0.weight`. Private `#fields` cannot be seen and are not walked.
 */
export abstract class ParameterTree {
  #path = ''

  /** Where the node sits in the module that was walked last; `''` for the root. */
  get path(): string {
    return this.#path
  }

  /** @internal */
  setPath(path: string): void {
    this.#path = path
  }

  /** What the node holds, by name. Default: its own fields. Containers override it to name their members. */
  children(): Iterable<readonly [name: string, child: unknown]> {
    return Object.entries(this)
  }

  /** Every parameter below, each once, in the order of the fields. */
  parameters(): Parameter[] {
    return walk(this).parameters
  }

  /** Every buffer below, each once. */
  buffers(): Buffer[] {
    return walk(this).buffers
  }

  /** Parameters by path. */
  namedParameters(): Map<string, Parameter> {
    return new Map(this.parameters().map((parameter) => [parameter.path, parameter]))
  }

  /** This node and all below, parents first. */
  nodes(): ParameterTree[] {
    return walk(this).nodes
  }

  /** Stops optimizers from changing anything below. Returns the node. */
  freeze(): this {
    for (const parameter of this.parameters()) parameter.trainable = false
    return this
  }

  unfreeze(): this {
    for (const parameter of this.parameters()) parameter.trainable = true
    return this
  }
}

export interface TreeContents {
  readonly parameters: Parameter[]
  readonly buffers: Buffer[]
  readonly nodes: ParameterTree[]
}

interface Walk extends TreeContents {
  readonly seen: Set<StoredTensor | ParameterTree>
  /** Containers on the way from the root to here: one within itself would not end. */
  readonly open: Set<object>
  readonly naming: boolean
}

/** Everything in a tree. A node that has no path yet is taken as a root, and paths are given below it. */
export function walk(root: ParameterTree): TreeContents {
  const contents: Walk = { parameters: [], buffers: [], nodes: [], seen: new Set(), open: new Set(), naming: false }
  visit(root, root.path, contents)
  return contents
}

/**
 * Gives every parameter, buffer and node of a module its path. Tied parameters get one path per place; the first is
 * their name. Called when a module is built, and again when its structure has changed.
 */
export function assignPaths(root: ParameterTree): TreeContents {
  for (const stored of allStored(root)) stored.clearPaths()
  const contents: Walk = { parameters: [], buffers: [], nodes: [], seen: new Set(), open: new Set(), naming: true }
  visit(root, '', contents)
  return contents
}

function allStored(root: ParameterTree): StoredTensor[] {
  const { parameters, buffers } = walk(root)
  return [...parameters, ...buffers]
}

function visit(value: unknown, path: string, contents: Walk): void {
  if (typeof value !== 'object' || value === null) return
  const stored = value instanceof Variable ? VariableParameter.of(value) : value
  if (stored instanceof Parameter) visitStored(stored, path, contents, contents.parameters)
  else if (stored instanceof Buffer) visitStored(stored, path, contents, contents.buffers)
  else visitContainer(value, path, contents)
}

function visitContainer(value: object, path: string, contents: Walk): void {
  if (contents.open.has(value)) return
  contents.open.add(value)
  if (value instanceof ParameterTree) visitNode(value, path, contents)
  else for (const [name, child] of membersOf(value)) visit(child, join(path, name), contents)
  contents.open.delete(value)
}

/** What a plain container holds; nothing for objects of other classes. */
function membersOf(value: object): Iterable<readonly [string, unknown]> {
  if (value instanceof Map) return [...value].map(([key, item]) => [String(key), item])
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype ? Object.entries(value) : []
}

function visitStored<T extends StoredTensor>(stored: T, path: string, { seen, naming }: Walk, list: T[]): void {
  if (naming) stored.addPath(path)
  if (seen.has(stored)) return
  seen.add(stored)
  list.push(stored)
}

function visitNode(node: ParameterTree, path: string, contents: Walk): void {
  if (!contents.seen.has(node)) {
    contents.seen.add(node)
    contents.nodes.push(node)
    if (contents.naming) node.setPath(path)
  } else if (!contents.naming) {
    return
  }
  // A shared layer is walked once per place, for the further paths of its parameters.
  for (const [name, child] of node.children()) visit(child, join(path, name), contents)
}

const join = (path: string, name: string): string => (path ? `${path}.${name}` : name)
