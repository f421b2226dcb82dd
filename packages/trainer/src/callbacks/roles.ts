import type { CheckpointIO, RunContext } from '@levin/core'

/**
 * What a run has to know of some callbacks, apart from the callbacks themselves: a run that has none of these does not load them.
 */

/** A callback that has no part in a `fastDevRun`, which is over at once and leaves nothing: it ends runs, or saves them. */
export abstract class NotInFastDevRun {
  abstract readonly name: string
}

/** Where checkpoints of earlier runs are looked for. */
export type CheckpointFinder = RunContext & { readonly checkpointIO: CheckpointIO }

/** A callback that saves checkpoints, and knows the best and the newest of them. */
export abstract class CheckpointKeeper extends NotInFastDevRun {
  abstract get bestModelPath(): string | undefined
  abstract get lastModelPath(): string | undefined
  abstract find(which: 'best' | 'last', run: CheckpointFinder): Promise<string | undefined>
}

/** The first callback of a run that keeps checkpoints. */
export const checkpointKeeper = (callbacks: readonly unknown[]): CheckpointKeeper | undefined =>
  callbacks.find((callback) => callback instanceof CheckpointKeeper)
