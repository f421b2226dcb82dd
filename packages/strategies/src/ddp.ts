import { definePlugin } from '@levin/core'
import { DataParallel } from './ddp/data-parallel.js'
import { type DdpOptions, ddpSchema } from './ddp/options.js'

export type { DdpOptions, GradientCompression, OuterOptimizer, PowerSgdCompression } from './ddp/options.js'

/**
 * Several workers, each with the whole model and a part of every batch: gradients are averaged over them before each update. The
 * result is that of one device with the whole batch.
 *
 * @example
 * new Trainer({ strategy: ddp(), devices: 4 })
 * new Trainer({ strategy: ddp({ compression: 'bf16' }), devices: 4 })
 * new Trainer({ strategy: ddp({ localSteps: 50, outer: {} }), devices: 4 })
 */
export const ddp = /* @__PURE__ */ definePlugin({
  kind: 'strategy',
  name: 'ddp',
  apiVersion: 1,
  // What 'auto' takes for several workers.
  priority: 10,
  schema: ddpSchema,
  create: (options: DdpOptions) => new DataParallel(options),
})
