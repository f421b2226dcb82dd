import { definePlugin } from '@levin/core'
import { GatheredUnits } from './zero/gathered-units.js'
import { resolveOptions, type ZeroOptions, zeroSchema } from './zero/options.js'
import { WholeParameters } from './zero/whole-parameters.js'

export type { ZeroOptions, ZeroStage } from './zero/options.js'

/**
 * Data parallelism in which no rank holds everything (ZeRO; Rajbhandari et al. 2020): each keeps a part of the optimizer's state
 * (stage 1), of the gradients (2) and of the parameters (3).
 *
 * @throws LEVIN_BAD_OPTION for options outside their range
 * @example
 * new Trainer({ strategy: zero({ stage: 3 }), devices: 4 })
 */
export const zero = /* @__PURE__ */ definePlugin({
  kind: 'strategy',
  name: 'zero',
  apiVersion: 1,
  // Several workers are asked for, not found.
  priority: -1,
  schema: zeroSchema,
  create(options: ZeroOptions) {
    const resolved = resolveOptions(options)
    return resolved.stage === 3 ? new GatheredUnits(resolved) : new WholeParameters(resolved)
  },
})
