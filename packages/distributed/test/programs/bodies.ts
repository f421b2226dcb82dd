import { LevinError, type ProcessGroup } from '@levin/core'
import { processGroupBodies } from '@levin/testing'
import { failWorld, type SharedArena } from '../../src/index.js'

type Body = (group: ProcessGroup, arena: SharedArena) => Promise<void>

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

async function codeOf(run: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await run()
  } catch (error) {
    if (LevinError.isInstance(error)) return { code: error.code, message: error.message }
    throw error
  }
  return { code: 'none', message: '' }
}

/** What is particular to shared memory: whoever watches the ranks ends their world, and memory is used again. */
export const sharedBodies: Readonly<Record<string, Body>> = {
  'ends everywhere when the world is failed, long before the deadline': async (group, arena) => {
    if (group.size === 1) return
    if (group.rank === 0) {
      await pause(50)
      failWorld(arena, 'LEVIN_WORKER_LOST', 0, 'rank 0 ended with exit code 7.')
      return
    }
    const { code, message } = await codeOf(() =>
      group.rank % 2 === 0
        ? group.asynchronous.broadcast(new Float32Array(3), 0)
        : group.blocking?.broadcast(new Float32Array(3), 0),
    )
    expect(code === 'LEVIN_WORKER_LOST' && message.includes('exit code 7'), `gave ${code}: ${message}`)
  },
  'uses the memory of groups that were destroyed again': async (group, arena) => {
    const sizes: number[] = []
    for (let round = 0; round < 4; round++) {
      const half = await group.split(group.rank % 2)
      await half.asynchronous.barrier()
      await half.destroy()
      await group.asynchronous.barrier()
      sizes.push(arena.memory.buffer.byteLength)
    }
    expect(new Set(sizes).size === 1, `The memory grew: ${sizes}.`)
  },
}

/** What a rank does in a case, by name. */
export const bodies: Readonly<Record<string, Body>> = { ...processGroupBodies, ...sharedBodies }
