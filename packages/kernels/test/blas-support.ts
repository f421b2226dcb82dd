import { activeBlas, setActiveBlas } from '../src/blas/active-blas.js'
import { type BlasOptions, enableBlas } from '../src/blas/index.js'
import { releaseRuntime } from '../src/runtime.js'
import { findWasmBackend } from '../src/wasm-backend.js'

/** Sends every product to the library, however small: sizes at which tests can look at every number. */
export function sendEverythingToBlas(options: BlasOptions = {}): void {
  const report = enableBlas(options)
  const blas = activeBlas()
  if (!report.ok || blas === undefined) throw new Error(`Expected a BLAS library, found ${JSON.stringify(report)}.`)
  setActiveBlas({ ...blas, fingerprint: `${blas.fingerprint}/all`, table: { ...blas.table, name: 'all', work: 0 } })
  const backend = findWasmBackend()
  if (backend !== null) releaseRuntime(backend)
}
