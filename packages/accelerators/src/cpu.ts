import { definePlugin } from '@levin/core'
import * as v from 'valibot'
import { cpuAvailability } from './cpu-availability.js'
import { type CpuOptions, WasmAccelerator } from './wasm-accelerator.js'

export { type CpuOptions, WasmAccelerator, type WasmLibrary } from './wasm-accelerator.js'
export type { WasmPaths } from './wasm-paths.js'

const schema = v.strictObject({
  wasmPaths: v.optional(v.union([v.string(), v.record(v.string(), v.string())])),
  lib: v.optional(
    v.custom<NonNullable<CpuOptions['lib']>>((value) => typeof value === 'function', 'expected a function'),
  ),
})

/**
 * The CPU, by WebAssembly: what a run uses where no accelerator of higher priority is registered.
 *
 * @example
 * new Trainer({ accelerator: cpu({ wasmPaths: '/assets/' }) })
 */
export const cpu = /* @__PURE__ */ definePlugin({
  kind: 'accelerator',
  name: 'cpu',
  apiVersion: 1,
  priority: 10,
  schema,
  availability: cpuAvailability,
  create: (options: CpuOptions) => new WasmAccelerator(options),
})
