import type { RankProgram } from '@levin/core'
import { requireBuiltin } from '../node-builtins.js'
import type { SharedArena } from '../shared/arena.js'
import { connectShared } from '../shared/shared-group.js'
import { Inbox } from './inbox.js'
import { type PortableError, toPortable } from './portable-error.js'

/** What a thread gets to start with. */
export interface ThreadStart {
  readonly arena: SharedArena
  readonly rank: number
  readonly program: string
  readonly input: unknown
  readonly deadline: number | undefined
}

/** What a thread says to the launcher. */
export type ThreadReport =
  | { readonly type: 'message'; readonly message: unknown }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: PortableError }

/** What the launcher says to a thread. */
export type ThreadOrder =
  | { readonly type: 'message'; readonly message: unknown }
  | { readonly type: 'leave' }
  | { readonly type: 'exit' }

/** Connects to the others, runs the program of the ranks, and says how that went. */
export async function serveThread(): Promise<void> {
  const { parentPort: port, workerData } = requireBuiltin('node:worker_threads')
  if (!port) return
  const { arena, rank, program, input, deadline } = (workerData as { start: ThreadStart }).start
  const report = (message: ThreadReport) => port.postMessage(message)
  const inbox = new Inbox()
  port.on('message', (order: ThreadOrder) => {
    if (order.type === 'leave') port.close()
    else if (order.type === 'exit') process.exit(1)
    else inbox.receive(order.message)
  })
  const group = connectShared(arena, rank, { deadline })
  try {
    const { serveRank } = (await import(program)) as { serveRank: RankProgram }
    const result = await serveRank({
      world: {
        rank: {
          globalRank: rank,
          localRank: rank,
          nodeRank: 0,
          localWorldSize: arena.worldSize,
          worldSize: arena.worldSize,
        },
        group,
      },
      input,
      send: (message) => report({ type: 'message', message }),
      onMessage: (listener) => inbox.listen(listener),
    })
    report({ type: 'result', result })
  } catch (error) {
    // Before the message: the others wait for this rank, and the launcher may be busy.
    group.abort(`rank ${rank} failed: ${error instanceof Error ? error.message : String(error)}`)
    report({ type: 'error', error: toPortable(error) })
  }
}
