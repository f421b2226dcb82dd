import type { ProcessGroup, RankDescription, RankProgram, Recipe } from '@levin/core'
import { hierarchicalGroup } from '../hierarchical/hierarchical-group.js'
import { requireBuiltin } from '../node-builtins.js'
import type { SharedArena } from '../shared/arena.js'
import { connectShared } from '../shared/shared-group.js'
import { connectProcesses } from './connect-processes.js'
import { Inbox } from './inbox.js'
import { type PortableError, toPortable } from './portable-error.js'

/** What a thread gets to start with. */
export interface ThreadStart {
  readonly arena: SharedArena
  readonly rank: number
  readonly program: string
  readonly input: unknown
  readonly deadline: number | undefined
  /** Modules that make a collective known, and the process among others. */
  readonly modules: readonly string[]
  readonly among: RankDescription | undefined
  readonly collective: Recipe<'collective'> | undefined
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
  const start = (workerData as { start: ThreadStart }).start
  const { arena, rank, program, input, deadline } = start
  const report = (message: ThreadReport) => port.postMessage(message)
  const inbox = new Inbox()
  port.on('message', (order: ThreadOrder) => {
    if (order.type === 'leave') port.close()
    else if (order.type === 'exit') process.exit(1)
    else inbox.receive(order.message)
  })
  let group: ProcessGroup = connectShared(arena, rank, { deadline })
  try {
    group = await joinOthers(start, group)
    const { serveRank } = (await import(program)) as { serveRank: RankProgram }
    const result = await serveRank({
      world: { rank: placeOf(start, group), group },
      input,
      send: (message) => report({ type: 'message', message }),
      onMessage: (listener) => inbox.listen(listener),
    })
    await group.destroy()
    report({ type: 'result', result })
  } catch (error) {
    // Before the message: the others wait for this rank, and the launcher may be busy.
    group.abort?.(`rank ${rank} failed: ${error instanceof Error ? error.message : String(error)}`)
    report({ type: 'error', error: toPortable(error) })
  }
}

/** The threads of this process as a part of a world of several processes, where it is among others. */
async function joinOthers(
  { rank, among, modules, collective, deadline }: ThreadStart,
  inner: ProcessGroup,
): Promise<ProcessGroup> {
  if (!among) return inner
  for (const module of modules) await import(module)
  // One thread talks for all: MPI wants that, and it is what a network carries best.
  const outer = rank === 0 ? await connectProcesses(among, collective, deadline) : undefined
  return hierarchicalGroup(inner, outer, { deadline })
}

function placeOf({ arena, rank, among }: ThreadStart, group: ProcessGroup): RankDescription {
  const threads = arena.worldSize
  return {
    globalRank: group.rank,
    localRank: (among?.localRank ?? 0) * threads + rank,
    nodeRank: among?.nodeRank ?? 0,
    localWorldSize: (among?.localWorldSize ?? 1) * threads,
    worldSize: group.size,
  }
}
