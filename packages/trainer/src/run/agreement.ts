import type { Ranks } from './ranks.js'

/** What only runs of several ranks need. They load it at their setup, with the first thing that they agree on. */
export const amongRanks = () => import('./among-ranks.js')

/**
 * Does something on every rank that may fail on one of them alone, such as writing a file: then it fails on all of them, with an error
 * that names the rank. They leave it together. Nothing in `action` may wait for another rank.
 */
export async function together<T>(ranks: Ranks, action: () => T | Promise<T>): Promise<T> {
  return ranks.rank.worldSize === 1 ? action() : (await amongRanks()).together(ranks, action)
}

/** Does something on global rank zero alone, and gives what came of it to all ranks: its value, plain data, or its error. */
export async function onRankZero<T>(ranks: Ranks, action: () => T | Promise<T>): Promise<T> {
  return ranks.rank.worldSize === 1 ? action() : (await amongRanks()).onRankZero(ranks, action)
}

/** What every rank brings, by global rank, on all ranks. Plain data. */
export async function gatherRanks<T>(ranks: Ranks, value: T): Promise<readonly T[]> {
  return ranks.rank.worldSize === 1 ? [value] : (await amongRanks()).gatherRanks(ranks, value)
}
