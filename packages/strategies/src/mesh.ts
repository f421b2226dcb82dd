import { definePlugin } from '@levin/core'
import { Mesh } from './mesh/mesh-strategy.js'
import { type MeshOptions, meshSchema, resolveOptions } from './mesh/options.js'

export type { MeshAxes, MeshOptions } from './mesh/options.js'

/**
 * Data, pipeline, context and tensor parallelism in one: the workers are a mesh of these axes. An axis that is left out has one rank;
 * `data` takes what the others leave.
 *
 * @throws LEVIN_BAD_OPTION if the axes do not come to the number of workers
 * @example
 * new Trainer({ strategy: mesh({ pipeline: 2, tensor: 2, plan: transformerPlan() }), devices: 8, accumulateGradBatches: 8 })
 */
export const mesh = /* @__PURE__ */ definePlugin({
  kind: 'strategy',
  name: 'mesh',
  apiVersion: 1,
  // Several workers are asked for, not found.
  priority: -1,
  schema: meshSchema,
  create: (options: MeshOptions) => new Mesh('mesh', axesOf(options), 'data', resolveOptions(options)),
})

const axesOf = ({ data, pipeline, context, tensor }: MeshOptions) => ({ data, pipeline, context, tensor })
