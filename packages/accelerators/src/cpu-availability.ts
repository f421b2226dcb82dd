import { type Availability, currentPlatform } from '@levin/core'
import { kernelFingerprint } from '@levin/kernels'
import { blasDetail } from './cpu-blas.js'

const OTHERWISE = "or choose accelerator: 'tfjs-cpu', which is slow"

// The smallest module that uses a SIMD instruction, as in wasm-feature-detect.
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11,
])

/** Whether wasm with SIMD can be compiled here; if not, why. */
export async function cpuAvailability(): Promise<Availability> {
  const outdated = outdatedNode()
  if (outdated) {
    return { ok: false, reason: `Node ${outdated} is too old.`, remedy: 'Install Node 20.19 or later.' }
  }
  if (typeof WebAssembly === 'undefined') {
    const remedy = `Start Node without --jitless, ${OTHERWISE}.`
    return { ok: false, reason: 'this JavaScript engine has no WebAssembly.', remedy }
  }
  if (!WebAssembly.validate(SIMD_PROBE)) {
    const remedy = `Use a browser or a Node that has it, on a processor with SSE 4.1 or NEON, ${OTHERWISE}.`
    return { ok: false, reason: 'this JavaScript engine has no SIMD in WebAssembly.', remedy }
  }
  try {
    await WebAssembly.compile(SIMD_PROBE)
  } catch (error) {
    const reason = `compiling WebAssembly is forbidden here (${error instanceof Error ? error.message : error}).`
    return { ok: false, reason, remedy: `Add 'wasm-unsafe-eval' to the page's Content-Security-Policy, ${OTHERWISE}.` }
  }
  return {
    ok: true,
    // Opening a library takes tens of milliseconds, and only lists of devices read this.
    get detail() {
      return `${currentPlatform().processors} logical processors, ${kernelFingerprint()}, ${blasDetail()}`
    },
  }
}

function outdatedNode(): string | undefined {
  const { process } = globalThis as { process?: { versions?: { node?: string } } }
  const version = process?.versions?.node
  const [major = 0, minor = 0] = version?.split('.').map(Number) ?? [Number.POSITIVE_INFINITY]
  return major < 20 || (major === 20 && minor < 19) ? version : undefined
}
