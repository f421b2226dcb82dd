import { type LaunchRequest, LevinError } from '@levin/core'

/**
 * The program of ranks that import it.
 *
 * @param launcher for the error
 * @throws LEVIN_NOT_SUPPORTED for a function that starts web workers
 */
export function programUrl(program: LaunchRequest['program'], launcher: string): URL {
  if (program instanceof URL) return program
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The launcher '${launcher}' starts its ranks itself here, and was given a function that starts web workers.`,
    remedy: "In Node give the URL of the run module: trainer.fit(new URL('./run.js', import.meta.url)).",
  })
}
