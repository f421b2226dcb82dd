/** A rank of a test's world: it is told of a world, does one case there, and says how that went. */
import { parentPort, workerData } from 'node:worker_threads'
import type { SharedArena } from '../../src/index.js'
import { connectShared } from '../../src/index.js'
import { bodies } from './bodies.js'

interface Task {
  readonly body: string
  readonly arena: SharedArena
}

const { rank } = workerData as { rank: number }

parentPort?.on('message', async ({ body, arena }: Task) => {
  try {
    const run = bodies[body]
    if (!run) throw new Error(`There is no case called '${body}'.`)
    await run(connectShared(arena, rank, { deadline: 20_000 }), arena)
    parentPort?.postMessage({ rank })
  } catch (error) {
    parentPort?.postMessage({
      rank,
      error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error),
    })
  }
})
