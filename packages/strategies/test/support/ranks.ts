import { Worker } from 'node:worker_threads'
import { createArena } from '@levin/distributed'
import type { Outcome, Task, World } from '../programs/protocol.js'

const start = new URL('../programs/start.mjs', import.meta.url)
const program = new URL('../programs/rank.ts', import.meta.url).href
const execArgv = ['--conditions=@levin/source']

/** Threads that play ranks in worlds of any size up to their number. */
export class Ranks {
  readonly #workers: Worker[]

  constructor(count: number) {
    this.#workers = Array.from(
      { length: count },
      (_, rank) => new Worker(start, { workerData: { rank, program }, execArgv }),
    )
  }

  /** Lets the first `worldSize` threads do `body` in a world of their own; gives what each came to, or throws what went wrong. */
  async run<T>(body: string, input: unknown, world: World): Promise<T[]> {
    const arena = createArena(world.size)
    const task: Task = { body, input, world, arena }
    const outcomes = await Promise.all(
      this.#workers.slice(0, world.size).map(
        (worker) =>
          new Promise<Outcome>((resolve, reject) => {
            worker.once('message', resolve)
            worker.once('error', reject)
            worker.postMessage(task)
          }),
      ),
    )
    for (const worker of this.#workers) worker.removeAllListeners('error')
    const errors = outcomes.flatMap(({ error }, rank) => (error === undefined ? [] : [`rank ${rank}: ${error}`]))
    if (errors.length > 0) throw new Error(errors.join('\n'))
    return outcomes.map(({ value }) => value as T)
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}
