import { definePlugin } from '@levin/core'
import { Mesh } from './mesh/mesh-strategy.js'
import { type PipelineOptions, pipelineSchema, resolveOptions } from './mesh/options.js'

export type { PipelineOptions } from './mesh/options.js'

/**
 * Pipeline parallelism: each worker has some of the layers, one behind the other, and the micro-batches of an accumulation window are
 * in several of them at a time. The module is one `sequential(…)`, or names its layers in `stages()`.
 *
 * @example
 * new Trainer({ strategy: pipeline({ schedule: 'zeroBubble' }), devices: 4, accumulateGradBatches: 16 })
 */
export const pipeline = /* @__PURE__ */ definePlugin({
  kind: 'strategy',
  name: 'pipeline',
  apiVersion: 1,
  // Several workers are asked for, not found.
  priority: -1,
  schema: pipelineSchema,
  create: (options: PipelineOptions) => new Mesh('pipeline', { data: 1 }, 'pipeline', resolveOptions(options)),
})
