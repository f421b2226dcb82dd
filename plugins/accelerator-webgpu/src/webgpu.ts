import { definePlugin } from '@levin/core'
import { webgpuAvailability } from './availability.js'
import { type WebgpuOptions, webgpuSchema } from './options.js'
import { WebgpuAccelerator } from './webgpu-accelerator.js'

/**
 * A GPU of any vendor, by WebGPU: in browsers natively, in Node by Dawn, the package `webgpu`. `'auto'` takes it before the
 * CPU where it is hardware.
 *
 * @example
 * new Trainer({ accelerator: webgpu({ powerPreference: 'low-power' }) })
 */
export const webgpu = /* @__PURE__ */ definePlugin({
  kind: 'accelerator',
  name: 'webgpu',
  apiVersion: 1,
  priority: 20,
  schema: webgpuSchema,
  availability: webgpuAvailability,
  create: (options: WebgpuOptions) => new WebgpuAccelerator(options),
})
