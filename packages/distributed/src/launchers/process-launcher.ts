import { definePlugin, type LaunchedRanks, type Launcher, type LaunchRequest } from '@levin/core'
import * as v from 'valibot'
import { ProcessRanks } from './process-ranks.js'
import { isNode } from './typescript-loader.js'

/** Options of {@link processes}. */
export interface ProcessOptions {
  /** Milliseconds that a collective may take before it fails and names the ranks that did not come. Default: the collective's. */
  readonly deadline?: number
  /** MPI's command that starts several processes. Default: `mpirun`, else `mpiexec`. */
  readonly mpirun?: string
}

class ProcessLauncher implements Launcher {
  readonly name = 'process'
  readonly ranksAre = 'processes'
  readonly #options: ProcessOptions

  constructor(options: ProcessOptions) {
    this.#options = options
  }

  launch(request: LaunchRequest): LaunchedRanks {
    const { deadline, mpirun } = this.#options
    return new ProcessRanks({ ...request, deadline: request.deadline ?? deadline }, mpirun)
  }
}

/**
 * Ranks in processes of this machine, for accelerators that do not work in threads. Several talk MPI, and are started by its
 * command; the run module makes a collective known, as `import '@levin/collective-mpi/register'` does.
 */
export const processes = /* @__PURE__ */ definePlugin({
  kind: 'launcher',
  name: 'process',
  apiVersion: 1,
  priority: 5,
  schema: v.strictObject({
    deadline: v.optional(v.pipe(v.number(), v.gtValue(0))),
    mpirun: v.optional(v.pipe(v.string(), v.nonEmpty())),
  }),
  availability: () =>
    isNode()
      ? { ok: true }
      : { ok: false, reason: 'there are no processes of Node here.', remedy: 'Run it in Node 20.19 or later.' },
  create: (options: ProcessOptions) => new ProcessLauncher(options),
})
