import { ARRIVAL } from './layout.js'

/** A counter that another rank raises, and what it must reach. The word after a counter holds how many sleep on it. */
export interface Wait {
  readonly word: number
  readonly target: number
  /** Who raises it. */
  readonly rank: number
}

/** A collective under way: it yields what it waits for, and goes on when that is there. */
export type Progress = Generator<Wait, void, void>

/** Counters wrap around; no two are 2³¹ apart. */
export const reached = (words: Int32Array, { word, target }: Wait): boolean =>
  ((Atomics.load(words, word) - target) | 0) >= 0

/** Raises a counter of one's own, which stands at `from`, by one, and wakes who sleeps on it. */
export function raise(words: Int32Array, word: number, from = Atomics.load(words, word)): number {
  const value = (from + 1) | 0
  Atomics.store(words, word, value)
  // Waking costs a system's call: only where somebody said that it sleeps. Whoever says so looks at the counter again.
  if (Atomics.load(words, word + ARRIVAL.sleepers) > 0) Atomics.notify(words, word)
  return value
}
