import { definePlugin, functionOption, optionsSchema } from '@levin/core'
import { webglAvailability } from './availability.js'
import type { WebglOptions } from './options.js'
import { WebglAccelerator } from './webgl-accelerator.js'

export type { WebglLibrary, WebglOptions } from './options.js'

/**
 * A GPU by WebGL 2, for browsers without WebGPU. `'auto'` takes it before the CPU and after WebGPU, where it is hardware.
 *
 * @example
 * new Trainer({ accelerator: webgl() })
 */
export const webgl = /* @__PURE__ */ definePlugin({
  kind: 'accelerator',
  name: 'webgl',
  apiVersion: 1,
  priority: 15,
  schema: optionsSchema<WebglOptions>({ lib: functionOption }),
  availability: webglAvailability,
  create: (options: WebglOptions) => new WebglAccelerator(options),
})
