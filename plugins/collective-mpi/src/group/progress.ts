/**
 * What an operation waits for when it yields: others that have not come yet, which may take long, or data that are on their
 * way, which only move while this process looks after them.
 */
export type Stage = 'peers' | 'data'

/** An operation under way. It yields while something is not done, and looks again when it is resumed. */
export type Progress = Generator<Stage, void, void>
