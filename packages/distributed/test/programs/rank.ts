/** A rank of a test's world: it is told of a world, does one case there, and says how that went. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ProcessGroup } from '@levin/core'
import type { SharedArena } from '../../src/index.js'
import { connectShared, hierarchicalGroup } from '../../src/index.js'
import { bodies as sharedBodies } from './bodies.js'
import { hierarchicalBodies } from './hierarchical-bodies.js'

const bodies = { ...sharedBodies, ...hierarchicalBodies }

interface Task {
  readonly body: string
  readonly arena: SharedArena
  /** Where this thread stands, as if it were one of several of a process; the first of each has the group of processes. */
  readonly place?: { readonly rank: number; readonly outer?: SharedArena; readonly process: number }
}

const { rank } = workerData as { rank: number }

const options = { deadline: 20_000 }

async function connect({ arena, place }: Task): Promise<ProcessGroup> {
  if (place === undefined) return connectShared(arena, rank, options)
  const outer = place.outer && connectShared(place.outer, place.process, options)
  return hierarchicalGroup(connectShared(arena, place.rank, options), outer, options)
}

parentPort?.on('message', async (task: Task) => {
  const { body, arena } = task
  try {
    const run = bodies[body]
    if (!run) throw new Error(`There is no case called '${body}'.`)
    await run(await connect(task), arena)
    parentPort?.postMessage({ rank })
  } catch (error) {
    parentPort?.postMessage({
      rank,
      error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error),
    })
  }
})
