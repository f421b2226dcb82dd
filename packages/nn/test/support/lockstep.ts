import type { Replicas } from '@levin/core'

/**
 * Lets `count` replicas compute as if side by side, in one thread: what a replica puts into its n-th sum is known once it has
 * run with the results of the sums before, so every replica runs again and again, one sum further each time.
 *
 * @returns what each replica gave in the last round, when no sum was missing
 */
export function inLockstep<T>(count: number, run: (replicas: Replicas) => T): T[] {
  const sums: Float32Array[] = []
  for (;;) {
    const missing: Float32Array[] = []
    const results: T[] = []
    for (let index = 0; index < count; index++) {
      let calls = 0
      let isHeldUp = false
      const sum = (values: Float32Array) => {
        const known = sums[calls++]
        if (known === undefined) {
          missing.push(values.slice())
          isHeldUp = true
          throw new Error('A replica waits for the others.')
        }
        if (known.length !== values.length) throw new Error(`A sum of ${values.length} met one of ${known.length}.`)
        values.set(known)
      }
      try {
        results.push(run({ count, index, sum }))
      } catch (error) {
        // Errors of layers come out as others.
        if (!isHeldUp) throw error
      }
    }
    if (missing.length === 0) return results
    if (missing.length < count)
      throw new Error(`Of ${count} replicas ${missing.length} came to sum ${sums.length + 1}.`)
    sums.push(missing.reduce((total, values) => total.map((value, i) => Math.fround(value + (values[i] as number)))))
  }
}
