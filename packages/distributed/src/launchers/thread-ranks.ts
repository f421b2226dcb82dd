import type { Worker } from 'node:worker_threads'
import type { LaunchedRanks, LaunchRequest, Recipe } from '@levin/core'
import { requireBuiltin } from '../node-builtins.js'
import { ownUrl } from '../own-url.js'
import { createArena, type SharedArena } from '../shared/arena.js'
import { OutputLines } from './output-lines.js'
import { toPortable } from './portable-error.js'
import { programUrl } from './program-url.js'
import { RankReports } from './rank-reports.js'
import type { RankReport } from './run-rank.js'
import type { ThreadOrder, ThreadStart } from './serve-thread.js'
import { sourceFlags, typescriptLoader } from './typescript-loader.js'

/** Milliseconds that a thread has to end by itself. */
const FAREWELL = 30

/** The loader of TypeScript comes before everything else, so this much is JavaScript in any case. */
const START = `import('node:worker_threads').then(async ({ workerData }) => {
  if (workerData.loader) (await import(workerData.loader)).register()
  await import(workerData.bootstrap)
})`

/** Ranks in worker threads. A thread cannot outlive its process, so nothing is left behind whatever ends that. */
export class ThreadRanks implements LaunchedRanks {
  readonly results: Promise<readonly unknown[]>
  readonly #arena: SharedArena
  readonly #reports: RankReports
  readonly #workers: Worker[]
  #ending = false
  #fail: ((error: unknown) => void) | undefined
  /** Rejects when a rank has failed and the others have had the time to say how they ended. */
  readonly #failing = new Promise<never>((_resolve, reject) => {
    this.#fail = reject
  })

  constructor(request: LaunchRequest) {
    const { worldSize, program, modules } = request
    this.#arena = createArena(worldSize)
    this.#reports = new RankReports(request, this.#arena, {
      complete: () => this.#tell({ type: 'leave' }),
      sweep: () => this.#sweep(),
    })
    const url = programUrl(program, 'worker')
    const loader = typescriptLoader([url, ...modules])
    this.#workers = Array.from({ length: worldSize }, (_, rank) => this.#start(request, url, rank, loader))
    const ended = this.#workers.map((worker, rank) => this.#watch(worker, rank, request))
    const all = Promise.all(ended).then(() => {
      this.#reports.close()
      return this.#reports.outcomes.results()
    })
    // The thread that talks to other processes may take this one along when it ends: what happened is said before.
    this.results = request.among ? Promise.race([all, this.#failing]) : all
    this.#failing.catch(() => undefined)
  }

  send(message: unknown): void {
    this.#tell({ type: 'message', message })
  }

  async end(rank?: number): Promise<void> {
    const ranks = rank === undefined ? this.#workers : this.#workers.slice(rank, rank + 1)
    this.#ending ||= rank === undefined
    await Promise.all(ranks.map(endThread))
  }

  #start(
    { input, deadline, modules, among, collective }: LaunchRequest,
    program: URL,
    rank: number,
    loader: string | undefined,
  ): Worker {
    const { Worker } = requireBuiltin('node:worker_threads')
    const start: ThreadStart = {
      arena: this.#arena,
      rank,
      program: program.href,
      input,
      deadline,
      modules: modules.map(({ href }) => href),
      among,
      collective: collective as Recipe<'collective'> | undefined,
    }
    const flags = sourceFlags()
    return new Worker(START, {
      eval: true,
      name: `rank ${rank}`,
      stdout: true,
      stderr: true,
      workerData: { loader, bootstrap: ownUrl('rank-thread').href, start },
      ...(flags.length ? { execArgv: [...flags] } : {}),
    })
  }

  /** Resolves when the thread has ended and everything that it wrote has arrived. */
  #watch(worker: Worker, rank: number, request: LaunchRequest): Promise<void> {
    const written = (['stdout', 'stderr'] as const).map((stream) => {
      const lines = new OutputLines((line) => request.onOutput(rank, line, stream))
      worker[stream].on('data', (chunk: Uint8Array) => lines.write(chunk))
      return new Promise<void>((resolve) =>
        worker[stream].once('close', () => {
          lines.end()
          resolve()
        }),
      )
    })
    worker.on('message', (report: RankReport) => this.#reports.take(rank, report))
    worker.on('error', (error) => this.#reports.settle(rank, { kind: 'error', error: toPortable(error) }))
    return new Promise<void>((resolve) => {
      worker.once('exit', (exitCode) => {
        const how = `its thread ended with exit code ${exitCode}`
        this.#reports.settle(rank, this.#ending ? { kind: 'ended' } : { kind: 'lost', how, exitCode })
        void Promise.all(written).then(() => resolve())
      })
    })
  }

  #sweep(): void {
    const { outcomes } = this.#reports
    if (outcomes.failed) this.#fail?.(outcomes.failure)
    void this.end()
  }

  #tell(order: ThreadOrder): void {
    for (const worker of this.#workers) worker.postMessage(order)
  }
}

/**
 * A thread that is asked to, and not busy, ends between two turns of its event loop. `terminate` alone may hit it inside a call of
 * Node's file system, where Node 20 then ends the whole process by a failed assertion.
 */
async function endThread(worker: Worker): Promise<void> {
  // It has ended already.
  if (worker.threadId === -1) return
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.postMessage({ type: 'exit' } satisfies ThreadOrder)
  const overdue = setTimeout(() => void worker.terminate(), FAREWELL)
  await exited
  clearTimeout(overdue)
}
