import {
  definePlugin,
  type LaunchedRanks,
  type Launcher,
  type LaunchRequest,
  LevinError,
  numberAbove,
  optionsSchema,
  type RankProgram,
} from '@levin/core'
import { serveWebWorker } from './serve-web-worker.js'
import { ThreadRanks } from './thread-ranks.js'
import { isNode } from './typescript-loader.js'
import { WebRanks } from './web-ranks.js'

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
    const all = { ...request, deadline: request.deadline ?? this.#options.deadline }
    if (isNode()) return new ThreadRanks(all)
    if (typeof all.program === 'function') return new WebRanks(all, all.program)
    throw needsWorkerFile()
  }

  serve(program: RankProgram): void {
    serveWebWorker(program)
  }
}

function needsWorkerFile(): LevinError {
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message:
      'A browser starts workers from files that the bundler has made, and the run was given the URL of a run module.',
    remedy: `Give a function that starts the worker, and let its file call serve():
  trainer.fit(() => new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' }))

  // train.worker.ts
  import { serve } from '@levin/trainer'
  import run from './run.js'
  serve(run)`,
  })
}

/**
 * Ranks in threads, over memory that they share; with one rank a training off the main thread. In Node they are worker threads
 * of this process, in browsers web workers that the caller's function starts: several need a cross-origin isolated page.
 *
 * @example
 * new Trainer({ devices: 4, launcher: worker({ deadline: 60_000 }) })
 */
export const worker = /* @__PURE__ */ definePlugin({
  kind: 'launcher',
  name: 'worker',
  apiVersion: 1,
  priority: 10,
  schema: optionsSchema<WorkerOptions>({ deadline: numberAbove(0) }),
  availability: () =>
    isNode() || 'Worker' in globalThis
      ? { ok: true }
      : {
          ok: false,
          reason: 'there are neither worker threads of Node nor web workers here.',
          remedy: 'Run it in Node 20.19 or later, or in a browser.',
        },
  create: (options: WorkerOptions) => new ThreadLauncher(options),
})
