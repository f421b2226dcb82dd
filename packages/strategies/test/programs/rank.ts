/** A rank of a test's world: it is told of a world, does one thing there, and says what came of it. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ProcessGroup } from '@levin/core'
import { connectShared } from '@levin/distributed'
import { bodies } from './bodies.js'
import type { Outcome, Task, World } from './protocol.js'

const { rank } = workerData as { rank: number }

parentPort?.on('message', async (task: Task) => {
  parentPort?.postMessage(await outcomeOf(task))
})

async function outcomeOf({ body, input, world, arena }: Task): Promise<Outcome> {
  try {
    const run = bodies[body]
    if (!run) throw new Error(`There is nothing called '${body}'.`)
    const group = formOf(connectShared(arena, rank, { deadline: world.deadline ?? 20_000 }), world)
    return { value: await run({ group, world }, input as never) }
  } catch (error) {
    return { error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) }
  }
}

/** The group as far as the rank may use it. */
function formOf(group: ProcessGroup, { form = 'both' }: World): ProcessGroup {
  const shown: Readonly<Record<string, unknown>> = {
    ...(form === 'asynchronous' ? { blocking: undefined } : {}),
    ...(form === 'overlapping' ? { overlaps: true } : {}),
  }
  return new Proxy(group, {
    get(target, key) {
      if (typeof key === 'string' && key in shown) return shown[key]
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
