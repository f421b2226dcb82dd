import { Worker } from 'node:worker_threads'
import { createArena } from '../src/index.js'

const start = new URL('./programs/start.mjs', import.meta.url)
const program = new URL('./programs/rank.ts', import.meta.url).href
const execArgv = ['--conditions=@levin/source']

/** Threads that do cases in worlds of any size up to their number. */
export class Ranks {
  readonly #workers: Worker[]

  constructor(count: number) {
    this.#workers = Array.from(
      { length: count },
      (_, rank) => new Worker(start, { workerData: { rank, program }, execArgv }),
    )
  }

  /** Lets the first `worldSize` ranks do `body` in a world of their own; rejects with what went wrong on any. */
  async launch(body: string, worldSize: number): Promise<void> {
    const arena = createArena(worldSize)
    await this.#launch(Array.from({ length: worldSize }, () => ({ body, arena })))
  }

  /** The same where threads stand for processes with so many ranks each. */
  async launchProcesses(body: string, sizes: readonly number[]): Promise<void> {
    const outer = createArena(sizes.length)
    const tasks = sizes.flatMap((size, process) => {
      const arena = createArena(size)
      return Array.from({ length: size }, (_, rank) => ({
        body,
        arena,
        place: { rank, process, ...(rank === 0 && { outer }) },
      }))
    })
    await this.#launch(tasks)
  }

  async #launch(tasks: readonly object[]): Promise<void> {
    const ended = await Promise.all(
      tasks.map(
        (task, index) =>
          new Promise<{ rank: number; error?: string }>((resolve, reject) => {
            const worker = this.#workers[index] as Worker
            worker.once('message', resolve)
            worker.once('error', reject)
            worker.postMessage(task)
          }),
      ),
    )
    for (const worker of this.#workers) worker.removeAllListeners('error')
    const errors = ended.flatMap(({ rank, error }) => (error === undefined ? [] : [`rank ${rank}: ${error}`]))
    if (errors.length > 0) throw new Error(errors.join('\n'))
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}
