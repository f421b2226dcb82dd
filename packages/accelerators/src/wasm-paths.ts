import { LevinError } from '@levin/core'
import { nodeBuiltin } from './node-builtins.js'

/** Where the backend's `.wasm` files are: a folder (with a slash at its end) or URL prefix, or a URL for each file. */
export type WasmPaths = string | Readonly<Record<string, string>>

const PACKAGE = '@tensorflow/tfjs-backend-wasm'
const SIMD_FILE = 'tfjs-backend-wasm-simd.wasm'

/**
 * The folder of the backend's `.wasm` files in Node, found as Node finds packages. The backend itself looks beside its
 * own code, which is wrong once that code was bundled. `undefined` where it cannot be found so: then the backend looks.
 */
export function installedWasmFolder(): string | undefined {
  const module = nodeBuiltin('node:module')
  if (!module) return undefined
  try {
    const file = module.createRequire(import.meta.url).resolve(`${PACKAGE}/dist/${SIMD_FILE}`)
    return file.slice(0, -SIMD_FILE.length)
  } catch {
    return undefined
  }
}

/**
 * The backend's file as bundlers place it: they know this form, take the file along and put its address here (Vite, webpack,
 * Rollup's and esbuild's plugins). The backend asks for all of its files by name and loads this one: without SIMD the
 * kernels cannot run, and of the threaded build they cannot use the heap. `undefined` in Node.
 */
export function bundledWasmFile(): WasmPaths | undefined {
  if (nodeBuiltin('node:module')) return undefined
  const { href: found } = new URL('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm', import.meta.url)
  const href = besideThisPackage(found)
  return { [SIMD_FILE]: href, 'tfjs-backend-wasm.wasm': href, 'tfjs-backend-wasm-threaded-simd.wasm': href }
}

/**
 * Where nothing was put in place of the address, as by a development server (Vite's: 8 keeps the folder of this file, those before
 * that of its cache) or without a bundler: there packages lie side by side.
 */
export const besideThisPackage = (href: string): string =>
  href.replace(/\/(@levin\/accelerators\/dist|\.vite\/deps)\/@tensorflow\//, '/@tensorflow/')

/**
 * Refuses paths that lead nowhere, while the reason can still be told: the backend only prints that it failed, and can
 * never be started again in that thread. Only files are looked for: a URL may be anywhere.
 *
 * @throws LEVIN_UNAVAILABLE
 */
export function requireWasmFiles(paths: WasmPaths): void {
  const fs = nodeBuiltin('node:fs')
  const location = typeof paths === 'string' ? paths + SIMD_FILE : (paths[SIMD_FILE] ?? '')
  if (!fs || /^https?:/.test(location)) return
  if (fs.existsSync(location.startsWith('file:') ? new URL(location) : location)) return
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: `The accelerator 'cpu' finds no '${location}'.`,
    remedy: `Set its option wasmPaths to the folder with the .wasm files of ${PACKAGE}, ending with a slash.`,
  })
}
