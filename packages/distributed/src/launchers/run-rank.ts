import type { ProcessGroup, RankContext, RankDescription, RankProgram } from '@levin/core'
import { transferable } from './buffers.js'
import { type PortableError, toPortable } from './portable-error.js'

/** What a thread says to the launcher. */
export type RankReport =
  | { readonly type: 'message'; readonly message: unknown }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: PortableError }

/** One rank in a thread of whatever kind. */
export interface RankThread {
  /** Number among the threads of this launch, for errors. */
  readonly rank: number
  readonly input: unknown
  readonly onMessage: RankContext['onMessage']
  /** Alone, or connected to the other threads. */
  readonly group: ProcessGroup
  /** Connects to whoever else takes part, where somebody does. */
  join?(group: ProcessGroup): Promise<ProcessGroup>
  place(group: ProcessGroup): RankDescription
  program(): Promise<RankProgram>
  post(report: RankReport, transfer?: ArrayBuffer[]): void
}

/** Connects to the others, runs the program of the ranks, and says how that went. */
export async function runRank(thread: RankThread): Promise<void> {
  let { group } = thread
  try {
    group = (await thread.join?.(group)) ?? group
    const program = await thread.program()
    const result = await program({
      world: { rank: thread.place(group), group },
      input: thread.input,
      send: (message) => thread.post({ type: 'message', message }),
      onMessage: thread.onMessage,
    })
    await group.destroy()
    // It is the launcher's now.
    thread.post({ type: 'result', result }, [...transferable(result)])
  } catch (error) {
    // Before the message: the others wait for this rank, and the launcher may be busy.
    group.abort?.(`rank ${thread.rank} failed: ${error instanceof Error ? error.message : String(error)}`)
    thread.post({ type: 'error', error: toPortable(error) })
  }
}
