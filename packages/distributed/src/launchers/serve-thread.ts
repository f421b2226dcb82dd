import type { ProcessGroup, RankDescription, RankProgram, Recipe } from '@levin/core'
import { hierarchicalGroup } from '../hierarchical/hierarchical-group.js'
import { requireBuiltin } from '../node-builtins.js'
import type { SharedArena } from '../shared/arena.js'
import { connectShared } from '../shared/shared-group.js'
import { connectProcesses } from './connect-processes.js'
import { Inbox } from './inbox.js'
import { runRank } from './run-rank.js'

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

/** What the launcher says to a thread. */
export type ThreadOrder =
  | { readonly type: 'message'; readonly message: unknown }
  | { readonly type: 'leave' }
  | { readonly type: 'exit' }

/** Runs the rank that this thread was started for. */
export async function serveThread(): Promise<void> {
  const { parentPort: port, workerData } = requireBuiltin('node:worker_threads')
  if (!port) return
  const start = (workerData as { start: ThreadStart }).start
  const { arena, rank, program, input, deadline } = start
  const inbox = new Inbox()
  port.on('message', (order: ThreadOrder) => {
    if (order.type === 'leave') port.close()
    else if (order.type === 'exit') process.exit(1)
    else inbox.receive(order.message)
  })
  await runRank({
    rank,
    input,
    group: connectShared(arena, rank, { deadline }),
    join: (group) => joinOthers(start, group),
    place: (group) => placeOf(start, group),
    program: async () => ((await import(/* @vite-ignore */ program)) as { serveRank: RankProgram }).serveRank,
    post: (report, transfer) => port.postMessage(report, transfer),
    onMessage: (listener) => inbox.listen(listener),
  })
}

/** The threads of this process as a part of a world of several processes, where it is among others. */
async function joinOthers(
  { rank, among, modules, collective, deadline }: ThreadStart,
  inner: ProcessGroup,
): Promise<ProcessGroup> {
  if (!among) return inner
  for (const module of modules) await import(/* @vite-ignore */ module)
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
