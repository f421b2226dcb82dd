import { definePlugin } from '@levin/core'
import { Mesh } from './mesh/mesh-strategy.js'
import { resolveOptions, type TensorOptions, tensorSchema } from './mesh/options.js'

export type { TensorOptions as TensorParallelOptions } from './mesh/options.js'

/**
 * Tensor parallelism: every worker has a part of every layer that is shared, and all work on the same samples (Shoeybi et al. 2019,
 * "Megatron-LM"). Which layers those are says the plan, or the layers themselves.
 *
 * @example
 * new Trainer({ strategy: tensorParallel({ plan: transformerPlan(), sequenceParallel: true }), devices: 2 })
 */
export const tensorParallel = /* @__PURE__ */ definePlugin({
  kind: 'strategy',
  name: 'tensorParallel',
  apiVersion: 1,
  // Several workers are asked for, not found.
  priority: -1,
  schema: tensorSchema,
  create: (options: TensorOptions) => new Mesh('tensorParallel', { data: 1 }, 'tensor', resolveOptions(options)),
})
