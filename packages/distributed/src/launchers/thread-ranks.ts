import type { Worker } from 'node:worker_threads'
import type { LaunchedRanks, LaunchRequest, Recipe } from '@levin/core'
import { requireBuiltin } from '../node-builtins.js'
import { ownUrl } from '../own-url.js'
import { createArena, type SharedArena } from '../shared/arena.js'
import { failWorld } from '../shared/failure.js'
import { Outcomes } from './outcomes.js'
import { OutputLines } from './output-lines.js'
import { toPortable } from './portable-error.js'
import type { ThreadOrder, ThreadReport, ThreadStart } from './serve-thread.js'
import { sourceFlags, typescriptLoader } from './typescript-loader.js'

/** How long ranks may take to notice that the world has ended, and to say what became of them. */
const GRACE = 700

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
  readonly #outcomes: Outcomes
  readonly #workers: Worker[]
  #grace: ReturnType<typeof setTimeout> | undefined
  #ending = false
  #fail: ((error: unknown) => void) | undefined
  /** Rejects when a rank has failed and the others have had the time to say how they ended. */
  readonly #failing = new Promise<never>((_resolve, reject) => {
    this.#fail = reject
  })

  constructor(request: LaunchRequest) {
    const { worldSize, program, modules } = request
    this.#arena = createArena(worldSize)
    this.#outcomes = new Outcomes(worldSize)
    const loader = typescriptLoader([program, ...modules])
    this.#workers = Array.from({ length: worldSize }, (_, rank) => this.#start(request, rank, loader))
    const ended = this.#workers.map((worker, rank) => this.#watch(worker, rank, request))
    const all = Promise.all(ended).then(() => {
      clearTimeout(this.#grace)
      return this.#outcomes.results()
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
    { program, input, deadline, modules, among, collective }: LaunchRequest,
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
    worker.on('message', (report: ThreadReport) => this.#take(rank, report, request))
    worker.on('error', (error) => this.#settle(rank, { kind: 'error', error: toPortable(error) }))
    return new Promise<void>((resolve) => {
      worker.once('exit', (exitCode) => {
        const how = `its thread ended with exit code ${exitCode}`
        this.#settle(rank, this.#ending ? { kind: 'ended' } : { kind: 'lost', how, exitCode })
        void Promise.all(written).then(() => resolve())
      })
    })
  }

  #take(rank: number, report: ThreadReport, request: LaunchRequest): void {
    if (report.type === 'message') request.onMessage(rank, report.message)
    else if (report.type === 'result') this.#settle(rank, { kind: 'result', result: report.result })
    else this.#settle(rank, { kind: 'error', error: report.error })
  }

  #settle(rank: number, outcome: Parameters<Outcomes['settle']>[1]): void {
    if (!this.#outcomes.settle(rank, outcome)) return
    if (outcome.kind === 'lost' || outcome.kind === 'error') {
      const what = outcome.kind === 'lost' ? `ended: ${outcome.how}` : `failed: ${outcome.error.message}`
      failWorld(this.#arena, 'LEVIN_WORKER_LOST', rank, `rank ${rank} ${what}`)
    }
    if (this.#outcomes.complete) this.#tell({ type: 'leave' })
    // Ranks that have said how they ended need not go on; those that never will are ended.
    if (this.#outcomes.complete || this.#outcomes.failed) this.#grace ??= setTimeout(() => this.#sweep(), GRACE)
  }

  #sweep(): void {
    if (this.#outcomes.failed) this.#fail?.(this.#outcomes.failure)
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
