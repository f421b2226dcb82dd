import { version_core } from '@tensorflow/tfjs-core'
import { moduleHash, simdVariant, version } from './module.js'

/**
 * Names the kernels that compute here: two runs with equal fingerprints (and the same machine) round alike. Made of the
 * package's version, the build (`simd` or `relaxed-simd`), the hash of its wasm, and the version of tfjs, whose kernels do
 * the rest. For example `levin-kernels/0.1.0 simd/bbb0231e116d13d9 tfjs/4.22.0`.
 */
export function kernelFingerprint(): string {
  return `levin-kernels/${version} ${simdVariant()}/${moduleHash()} tfjs/${version_core}`
}
