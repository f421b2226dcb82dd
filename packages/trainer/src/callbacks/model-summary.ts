import {
  type Callback,
  countFrom,
  definePlugin,
  Layer,
  type Module,
  optionsSchema,
  type ParameterTree,
  type RunContext,
  type StoredTensor,
} from '@levin/core'
import { outputShapes } from './output-shapes.js'
import { formatCount, formatTable } from './table.js'

export interface ModelSummaryOptions {
  /** How deep to look: 1 shows the module's own layers and the members of containers; -1 everything. Default 1. */
  readonly maxDepth?: number
}

interface Row {
  readonly name: string
  readonly type: string
  readonly parameters: number
  readonly output: string
}

/** Shows the layers of the model and what they weigh, before training. */
export class ModelSummary implements Callback {
  readonly name = 'modelSummary'
  readonly #maxDepth: number

  constructor({ maxDepth = 1 }: ModelSummaryOptions = {}) {
    this.#maxDepth = maxDepth === -1 ? Infinity : maxDepth
  }

  onFitStart(run: RunContext): void {
    if (run.isGlobalZero) run.announce(summarize(run.module, this.#maxDepth))
  }
}

/** The summary as text. Output shapes are there if the module has an `exampleInput`. */
export function summarize(module: Module, maxDepth = 1): string {
  const shapes = outputShapes(module)
  const rows = layerRows(module, maxDepth, shapes)
  const parameters = module.parameters()
  const total = count(parameters)
  const trainable = count(parameters.filter((parameter) => parameter.trainable))
  const withShapes = rows.some(({ output }) => output)
  const header = ['name', 'layer', 'parameters', ...(withShapes ? ['output'] : [])]
  const table = formatTable(
    header,
    rows.map(({ name, type, parameters: own, output }) => [
      name,
      type,
      formatCount(own),
      ...(withShapes ? [output] : []),
    ]),
    [2],
  )
  const megabytes = (total * 4) / 1e6
  return [
    table,
    `${formatCount(trainable)} trainable parameters, ${formatCount(total - trainable)} others, ${megabytes.toPrecision(3)} MB`,
  ].join('\n')
}

const count = (stored: readonly StoredTensor[]): number => stored.reduce((sum, { size }) => sum + size, 0)

function layerRows(module: Module, maxDepth: number, shapes: ReadonlyMap<ParameterTree, string>): Row[] {
  const rows: Row[] = []
  const own = module.parameters()
  const nodes = module.nodes().filter((node): node is Layer => node !== module && node instanceof Layer)
  for (const node of nodes) {
    const depth = node.path.split('.').length - 1
    if (depth > maxDepth) continue
    rows.push({
      name: node.path,
      type: node.describe(),
      parameters: count(node.parameters()),
      output: shapes.get(node) ?? '',
    })
  }
  const inLayers = new Set(nodes.flatMap((node) => node.parameters()))
  for (const parameter of own.filter((candidate) => !inLayers.has(candidate))) {
    rows.push({
      name: parameter.path,
      type: `Parameter [${parameter.shape.join(', ')}]`,
      parameters: parameter.size,
      output: '',
    })
  }
  return rows
}

/** Shows the layers of the model and what they weigh, before training. */
export const modelSummary = /* @__PURE__ */ definePlugin({
  kind: 'callback',
  name: 'modelSummary',
  apiVersion: 1,
  schema: optionsSchema<ModelSummaryOptions>({ maxDepth: countFrom(-1) }),
  create: (options: ModelSummaryOptions) => new ModelSummary(options),
})
