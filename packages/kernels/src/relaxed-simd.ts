// Relaxed SIMD in Node 20, whose V8 has it behind a flag. The flag is asked for when a module is validated or compiled and
// at no other time: what was compiled under it is instantiated, optimised and sent to other threads without it. So it is
// set for a moment and put back, and the rest of the process, code caches included, sees the V8 that it was started with.
import { node } from './node.js'

/** The version of V8 in Node 20. Later ones need no flag, and print an error for one that they do not know. */
const FLAGGED_V8 = '11.3.'

/**
 * Flags belong to the process: another thread that does the same may put the flag back between our setting it and the
 * engine's looking. That takes microseconds, once or twice per thread.
 */
const ATTEMPTS = 100

const flaggedNode = () => {
  const found = node()
  return found?.versions['v8']?.startsWith(FLAGGED_V8) ? found : undefined
}

/** Whether this engine has relaxed SIMD behind a flag that can be set. */
export const hasRelaxedSimdFlag = (): boolean => flaggedNode() !== undefined

/**
 * What `attempt` returns, which is called again under the flag if it returned `undefined` without it. Never throws for
 * want of the flag: the plain build serves as well.
 */
export function withRelaxedSimd<T>(attempt: () => T | undefined): T | undefined {
  let result = attempt()
  try {
    const v8 = result === undefined ? flaggedNode()?.getBuiltinModule('node:v8') : undefined
    for (let n = 0; v8 !== undefined && result === undefined && n < ATTEMPTS; n++) {
      v8.setFlagsFromString('--experimental-wasm-relaxed-simd')
      try {
        result = attempt()
      } finally {
        v8.setFlagsFromString('--no-experimental-wasm-relaxed-simd')
      }
    }
  } catch {
    return undefined
  }
  return result
}
