import { version_core } from '@tensorflow/tfjs-core'
import { activeBlas } from './blas/active-blas.js'
import { moduleHash, simdVariant, version } from './module.js'

/**
 * Names the kernels that compute here: two runs with equal fingerprints (and the same machine) round alike. Made of the
 * package's version, the build (`simd` or `relaxed-simd`), the hash of its wasm, the version of tfjs, whose kernels do
 * the rest, and the BLAS library where one is in use, with the table of sizes from which it is. For example
 * `levin-kernels/0.1.0 simd/bbb0231e116d13d9 tfjs/4.22.0 blas/OpenBLAS-0.3.21-Haswell/1-thread/table-a`.
 */
export function kernelFingerprint(): string {
  const blas = activeBlas()
  const library = blas === undefined ? '' : ` blas/${blas.fingerprint}`
  return `levin-kernels/${version} ${simdVariant()}/${moduleHash()} tfjs/${version_core}${library}`
}
