import * as v from 'valibot'
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

const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export const optionsSchema = v.strictObject({
  powerPreference: v.optional(v.picklist(['high-performance', 'low-power'])),
  adapter: v.optional(v.union([index, v.pipe(v.string(), v.nonEmpty())])),
  memoryBudget: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  lib: v.optional(
    v.custom<NonNullable<WebgpuOptions['lib']>>((value) => typeof value === 'function', 'expected a function'),
  ),
})
