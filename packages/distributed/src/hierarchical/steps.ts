import type { CollectiveOptions, Collectives, ProcessGroup } from '@levin/core'

/** Either form of a group's collectives. */
export type AnyForm = {
  [K in keyof Collectives]: (...args: Parameters<Collectives[K]>) => void | Promise<void>
}

/** One collective of one of the two levels. */
export interface Step {
  readonly group: ProcessGroup
  /** Milliseconds beyond the operation's deadline. */
  readonly slack: number
  readonly run: (form: AnyForm, options: CollectiveOptions) => void | Promise<void>
}

/** An operation as the steps of which it consists, on this rank. */
export type Steps = Generator<Step, void, void>

// Who waits for a level below gives it time to say who did not come.
const SLACK = { inside: 0, between: 300, after: 1_500 } as const

type Run = Step['run']

/** Among the ranks of this process, before other processes are asked. */
export const inside = (group: ProcessGroup, run: Run): Step => ({ group, slack: SLACK.inside, run })
/** Among the first ranks of all processes. */
export const between = (group: ProcessGroup, run: Run): Step => ({ group, slack: SLACK.between, run })
/** Among the ranks of this process, with what came from the others. */
export const after = (group: ProcessGroup, run: Run): Step => ({ group, slack: SLACK.after, run })
