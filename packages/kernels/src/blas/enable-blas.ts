// Chooses a BLAS library and puts it under the matrix products of the kernels, in the thread that asks.
import { node } from '../node.js'
import { releaseRuntime } from '../runtime.js'
import { findWasmBackend } from '../wasm-backend.js'
import { activeBlas, setActiveBlas } from './active-blas.js'
import { libraryNames, libraryRemedy } from './libraries.js'
import { BlasError, type LoadedBlas, loadBlas } from './load-blas.js'
import { checkBlas } from './self-check.js'
import { sizeTable } from './size-table.js'

export interface BlasOptions {
  /**
   * The library: a path, or a name that the system's loader knows. Default is `'auto'`: what the environment variable
   * `LEVIN_BLAS` names (`off`: none), and else OpenBLAS or Accelerate where the system has them.
   */
  readonly library?: string | undefined
  /**
   * Threads of one product, in the whole process: the last call counts. Default is 1, so that workers do not take the
   * processors from one another.
   */
  readonly threads?: number | undefined
}

/** Whether a library can be used here. */
export type BlasReport =
  | {
      readonly ok: true
      /** Of the library, as it calls itself: `OpenBLAS 0.3.21`. */
      readonly name: string
      /** Name or path under which it was found. */
      readonly path: string
      /** Threads of one product; `undefined` where the library decides (Accelerate: `VECLIB_MAXIMUM_THREADS`). */
      readonly threads: number | undefined
      /** All of this in a few words. */
      readonly detail: string
    }
  | {
      readonly ok: false
      readonly reason: string
      /** The line that brings a library; absent where somebody turned it off. */
      readonly remedy?: string
    }

type Candidate = { readonly blas: LoadedBlas } | { readonly reason: string; readonly remedy?: string }

/** Libraries by path: each is opened and checked once per thread. */
const candidates = new Map<string, Candidate>()

/**
 * Sends large matrix products, those of convolutions among them, to a BLAS library, on tensors where they lie. Where none
 * is found nothing changes, and the report says why. May be called before or after the backend is initialised, and again
 * with other options. `kernelFingerprint()` names the library from then on.
 *
 * @example
 * import '@levin/kernels/register'
 * import { enableBlas } from '@levin/kernels/blas'
 * console.log(enableBlas({ threads: 2 }))
 */
export function enableBlas(options: BlasOptions = {}): BlasReport {
  const threads = options.threads ?? 1
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new Error(`Expected a whole number of threads from 1, found ${String(threads)}.`)
  }
  const candidate = findLibrary(options.library)
  if (!('blas' in candidate)) {
    disableBlas()
    return { ok: false, ...candidate }
  }
  const { blas } = candidate
  const report = describe(blas, blas.setThreads?.(threads))
  const count =
    report.threads === undefined ? 'own-threads' : `${report.threads}-thread${report.threads === 1 ? '' : 's'}`
  const fingerprint = `${blas.name.replaceAll(' ', '-')}-${blas.build}/${count}/table-${sizeTable.name}`
  const active = activeBlas()
  if (active?.fingerprint !== fingerprint || active.path !== blas.path) {
    const several = (report.threads ?? 1) > 1
    const split = several ? { count: report.threads as number, fromWork: sizeTable.threadedWork } : undefined
    setActiveBlas({ fingerprint, path: blas.path, table: sizeTable, bind: (memory) => blas.bind(memory, split) })
    rebindKernels()
  }
  return report
}

/** Back to our own kernels for every product. Nothing where no library is in use. */
export function disableBlas(): void {
  if (activeBlas() === undefined) return
  setActiveBlas(undefined)
  rebindKernels()
}

/** What {@link enableBlas} would find, without using it: for lists of devices. Opens the library. */
export function inspectBlas(options: BlasOptions = {}): BlasReport {
  const candidate = findLibrary(options.library)
  if (!('blas' in candidate)) return { ok: false, ...candidate }
  const { blas } = candidate
  return describe(blas, blas.setThreads && (options.threads ?? 1))
}

function describe({ name, path }: LoadedBlas, threads: number | undefined): BlasReport & { readonly ok: true } {
  const count = threads === undefined ? 'threads of its own choice' : `${threads} thread${threads === 1 ? '' : 's'}`
  return { ok: true, name, path, threads, detail: `${name}, ${count}` }
}

function rebindKernels(): void {
  const backend = findWasmBackend()
  if (backend !== null) releaseRuntime(backend)
}

function findLibrary(library = 'auto'): Candidate {
  const host = node()
  if (host === undefined) return { reason: 'native libraries can be called in Node only' }
  if (library !== 'auto') return tryLibraries([library])
  const named = host.env['LEVIN_BLAS']
  if (named === 'off') return { reason: 'LEVIN_BLAS=off' }
  if (named) {
    const candidate = tryLibraries([named])
    if ('blas' in candidate) return candidate
    const { reason, remedy = '' } = candidate
    const other = 'unset LEVIN_BLAS, or give it the path of a library that works here'
    return { reason: `LEVIN_BLAS: ${reason}`, remedy: remedy.startsWith('npm ') ? remedy : other }
  }
  return tryLibraries(libraryNames(host.platform))
}

/** The first that can be used, or why the first cannot. */
function tryLibraries(paths: readonly string[]): Candidate {
  let first: Candidate | undefined
  for (const path of paths) {
    const candidate = candidates.get(path) ?? tryLibrary(path)
    candidates.set(path, candidate)
    if ('blas' in candidate) return candidate
    first ??= candidate
  }
  return first ?? { reason: 'no library is known for this system' }
}

function tryLibrary(path: string): Candidate {
  try {
    const blas = loadBlas(path)
    const reason = checkBlas(blas)
    return reason === undefined ? { blas } : { reason, remedy: libraryRemedy(node()?.platform ?? '') }
  } catch (error) {
    if (!(error instanceof BlasError)) return { reason: `'${path}' failed (${String(error)})` }
    const library = libraryRemedy(node()?.platform ?? '')
    return { reason: error.message, remedy: error.missing === 'koffi' ? `npm install koffi, and ${library}` : library }
  }
}
