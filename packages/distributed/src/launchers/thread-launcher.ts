import { definePlugin, type LaunchedRanks, type Launcher, type LaunchRequest } from '@levin/core'
import * as v from 'valibot'
import { ThreadRanks } from './thread-ranks.js'
import { isNode } from './typescript-loader.js'

/** Options of {@link worker}. */
export interface WorkerOptions {
  /** Milliseconds that a collective may take before it fails and names the ranks that did not come. Default 600,000. */
  readonly deadline?: number
}

class ThreadLauncher implements Launcher {
  readonly name = 'worker'
  readonly ranksAre = 'threads'
  readonly #options: WorkerOptions

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  launch(request: LaunchRequest): LaunchedRanks {
    return new ThreadRanks({ ...request, deadline: request.deadline ?? this.#options.deadline })
  }
}

/**
 * Ranks in worker threads of this process, over memory that they share. With one rank: a training off the main thread.
 *
 * @example
 * new Trainer({ devices: 4, launcher: worker({ deadline: 60_000 }) })
 */
export const worker = /* @__PURE__ */ definePlugin({
  kind: 'launcher',
  name: 'worker',
  apiVersion: 1,
  priority: 10,
  schema: v.strictObject({ deadline: v.optional(v.pipe(v.number(), v.gtValue(0))) }),
  availability: () =>
    isNode()
      ? { ok: true }
      : {
          ok: false,
          reason: 'there are no worker threads of Node here.',
          remedy: 'Run it in Node 20.19 or later.',
        },
  create: (options: WorkerOptions) => new ThreadLauncher(options),
})
