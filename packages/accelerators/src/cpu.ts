import { definePlugin } from '@levin/core'
import * as v from 'valibot'
import { cpuAvailability } from './cpu-availability.js'
import { type CpuOptions, WasmAccelerator } from './wasm-accelerator.js'

export type { BlasChoice } from './cpu-blas.js'
export { type CpuOptions, WasmAccelerator, type WasmLibrary } from './wasm-accelerator.js'
export type { WasmPaths } from './wasm-paths.js'

const schema = v.pipe(
  v.strictObject({
    wasmPaths: v.optional(v.union([v.string(), v.record(v.string(), v.string())])),
    lib: v.optional(
      v.custom<NonNullable<CpuOptions['lib']>>((value) => typeof value === 'function', 'expected a function'),
    ),
    blas: v.optional(v.union([v.literal(false), v.pipe(v.string(), v.nonEmpty())])),
    threads: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  }),
  v.forward(
    v.check(
      ({ blas, threads }) => blas !== false || (threads ?? 1) === 1,
      'only a BLAS library has threads, and blas is false',
    ),
    ['threads'],
  ),
)

/**
 * The CPU, by WebAssembly: what a run uses where no accelerator of higher priority is registered.
 *
 * @example
 * new Trainer({ accelerator: cpu({ threads: 2 }) })
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
