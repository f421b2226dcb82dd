import { LevinError } from '@levin/core'
import { type BlasReport, disableBlas, enableBlas, inspectBlas } from '@levin/kernels/blas'

/** How matrix products are computed: part of the options of `cpu`. */
export interface BlasChoice {
  /**
   * Large matrix products by a BLAS library of the system, in Node: about twice as fast as the wasm kernels. `'auto'` takes
   * the one that the environment variable `LEVIN_BLAS` names (`off`: none), and else OpenBLAS or Accelerate if it is
   * there; `false` takes none; a path or a library's name takes that one or fails. The fingerprint names it, since its
   * results differ in the last bits. Default is `'auto'`.
   */
  readonly blas?: 'auto' | false | (string & {}) | undefined
  /**
   * Threads of one matrix product; more than one needs the BLAS library. They are shared by all workers of the process,
   * whose last setup counts. Accelerate goes by the environment variable `VECLIB_MAXIMUM_THREADS` instead. Default is 1.
   */
  readonly threads?: number | undefined
}

/**
 * Puts the library that was asked for under the kernels, or takes it away.
 *
 * @throws LEVIN_UNAVAILABLE where something was asked for by name or number that this machine has not
 */
export function chooseBlas({ blas = 'auto', threads }: BlasChoice): void {
  if (blas === false) {
    disableBlas()
    return
  }
  const report = enableBlas({ library: blas, threads })
  if (report.ok) {
    if (threads === undefined || report.threads === threads) return
    throw new LevinError('LEVIN_UNAVAILABLE', {
      message: `The accelerator 'cpu' cannot give ${report.name} ${threads} threads: it has ${report.detail}.`,
      remedy:
        'Leave out the option threads. Where the library decides, VECLIB_MAXIMUM_THREADS (Accelerate) or ' +
        'OMP_NUM_THREADS (most others) tells it, set before the program starts.',
    })
  }
  if (blas === 'auto' && (threads ?? 1) === 1) return
  const wish = blas === 'auto' ? `compute with ${threads} threads without a BLAS library` : `use the library '${blas}'`
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: `The accelerator 'cpu' cannot ${wish}: ${report.reason}.`,
    remedy: report.remedy ?? "Unset LEVIN_BLAS, or leave out the option 'threads'.",
  })
}

/** What `'auto'` would take, or the line that would bring something to take. Opens the library. */
export function blasDetail(): string {
  return describeBlas(inspectBlas())
}

function describeBlas(report: BlasReport): string {
  if (report.ok) return `BLAS found: ${report.detail}`
  if (report.remedy === undefined) return `no BLAS (${report.reason})`
  return `no BLAS (${report.reason}); matrix products would be about twice as fast after: ${report.remedy}`
}
