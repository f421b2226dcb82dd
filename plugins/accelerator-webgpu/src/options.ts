import { countFrom, functionOption, oneOf, optionsSchema, text } from '@levin/core'
import type { WebgpuLibrary } from './backend/tfjs-backend.js'

export interface WebgpuOptions {
  /**
   * Which GPU of a machine with several: `'high-performance'` is the discrete one, `'low-power'` the one that spares the
   * battery. Of no effect where `adapter` says which. Default is `'high-performance'`.
   */
  readonly powerPreference?: 'high-performance' | 'low-power' | undefined
  /**
   * The adapter: its index, as `levin devices` lists them, or a part of its name (`'nvidia'`), whatever the case. Named so,
   * a software adapter is taken too. Default: device 0 of those that are hardware, and of all where none is.
   */
  readonly adapter?: number | string | undefined
  /**
   * Bytes of buffers that may be alive on the device, pooled ones included. What would go beyond fails at once with
   * `LEVIN_OUT_OF_MEMORY`, which names it; without a budget only the driver knows when memory ends. Default: none.
   */
  readonly memoryBudget?: number | undefined
  /**
   * Imports `@tensorflow/tfjs-backend-webgpu`, for bundlers and runtimes that cannot resolve it by its name. A function
   * cannot travel to a worker: a run with several workers makes the accelerator in its run module then.
   */
  readonly lib?: (() => Promise<WebgpuLibrary>) | undefined
}

const index = countFrom(0)
const part = text('a part of its name')

export const webgpuSchema = /* @__PURE__ */ optionsSchema<WebgpuOptions>({
  powerPreference: oneOf('high-performance', 'low-power'),
  adapter: {
    expected: `the index of an adapter, or ${part.expected}`,
    accepts: (value) => index.accepts(value) || part.accepts(value),
  },
  memoryBudget: countFrom(1),
  lib: functionOption,
})
