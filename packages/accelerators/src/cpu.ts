import { countFrom, definePlugin, functionOption, LevinError, optionsSchema } from '@levin/core'
import { cpuAvailability } from './cpu-availability.js'
import { type CpuOptions, WasmAccelerator } from './wasm-accelerator.js'

export type { BlasChoice } from './cpu-blas.js'
export { type CpuOptions, WasmAccelerator, type WasmLibrary } from './wasm-accelerator.js'
export type { WasmPaths } from './wasm-paths.js'

const isText = (value: unknown): boolean => typeof value === 'string'

const schema = /* @__PURE__ */ optionsSchema<CpuOptions>({
  wasmPaths: {
    expected: 'the folder of the .wasm files, or a path for each of them by its name',
    accepts: (value) =>
      isText(value) || (typeof value === 'object' && value !== null && Object.values(value).every(isText)),
  },
  lib: functionOption,
  blas: {
    expected: 'the path of a library, or false for none',
    accepts: (value) => value === false || (isText(value) && value !== ''),
  },
  threads: countFrom(1),
})

function create(options: CpuOptions): WasmAccelerator {
  if (options.blas !== false || (options.threads ?? 1) === 1) return new WasmAccelerator(options)
  throw new LevinError('LEVIN_BAD_OPTION', {
    message:
      "The options of the accelerator 'cpu' are wrong. threads: only a BLAS library has threads, and blas is false.",
  })
}

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
  create,
})
