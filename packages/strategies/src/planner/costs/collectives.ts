// What the slowest rank does in a collective among p ranks over n bytes: n is what an all-reduce reduces, what a reduce-scatter
// divides, what an all-gather ends with. Thakur, Rabenseifner and Gropp (2005), "Optimization of collective communication
// operations in MPICH"; rings: Patarasuk and Yuan (2009).
import type { Link } from './link.js'

export interface Load {
  /** Messages one after the other. */
  readonly rounds: number
  /** Bytes that one rank sends; it receives as many. */
  readonly bytes: number
  /** Bytes of `bytes` that go to the rank from which as many come at the same time. */
  readonly inPairs: number
  /** Bytes that one rank reduces. */
  readonly reduced: number
}

export type Algorithm = (ranks: number, bytes: number) => Load

export const secondsOf = (
  { rounds, bytes, inPairs, reduced }: Load,
  { latency, secondsPerByte, secondsPerReducedByte, pairFactor = 1 }: Link,
): number => rounds * latency + (bytes + inPairs * (pairFactor - 1)) * secondsPerByte + reduced * secondsPerReducedByte

/** A share of 1 / p goes around all ranks. */
export const ringReduceScatter: Algorithm = (p, n) => ({
  rounds: p - 1,
  bytes: ((p - 1) / p) * n,
  inPairs: p === 2 ? n / 2 : 0,
  reduced: ((p - 1) / p) * n,
})

export const ringAllGather: Algorithm = (p, n) => ({ ...ringReduceScatter(p, n), reduced: 0 })

/** A reduce-scatter, then an all-gather: as few bytes as possible, in 2 (p − 1) rounds. */
export const ringAllReduce: Algorithm = (p, n) => plus(ringReduceScatter(p, n), ringAllGather(p, n))

/** Everybody exchanges everything with partners at distances 1, 2, 4, …: as few rounds as possible. */
export const recursiveDoubling: Algorithm = (p, n) =>
  folded(p, n, (power) => {
    const rounds = Math.log2(power)
    return { rounds, bytes: rounds * n, inPairs: rounds * n, reduced: rounds * n }
  })

/** Halves of halves are exchanged and reduced, then gathered the other way round. */
export const rabenseifner: Algorithm = (p, n) =>
  folded(p, n, (power) => {
    const share = ((power - 1) / power) * n
    return { rounds: 2 * Math.log2(power), bytes: 2 * share, inPairs: 2 * share, reduced: share }
  })

/** To rank 0 along a binomial tree, and back. */
export const tree: Algorithm = (p, n) => {
  const rounds = Math.ceil(Math.log2(p))
  return { rounds: 2 * rounds, bytes: 2 * rounds * n, inPairs: 0, reduced: rounds * n }
}

/** Halving, as in Rabenseifner's all-reduce; for powers of two. Others take a ring. */
export const reduceScatter: Algorithm = (p, n) =>
  isPower(p)
    ? { ...ringReduceScatter(p, n), rounds: Math.log2(p), inPairs: ((p - 1) / p) * n }
    : ringReduceScatter(p, n)

export const allGather: Algorithm = (p, n) => ({ ...reduceScatter(p, n), reduced: 0 })

export const ALL_REDUCES = {
  ring: ringAllReduce,
  'recursive doubling': recursiveDoubling,
  Rabenseifner: rabenseifner,
  tree,
}

export type AllReduceName = keyof typeof ALL_REDUCES

/** The all-reduce that is done first. */
export function cheapest(p: number, n: number, link: Link): { readonly name: AllReduceName; readonly seconds: number } {
  const costs = Object.entries(ALL_REDUCES).map(([name, algorithm]) => ({
    name: name as AllReduceName,
    seconds: secondsOf(algorithm(p, n), link),
  }))
  return costs.reduce((best, each) => (each.seconds < best.seconds ? each : best))
}

/**
 * Bytes from which on a ring is faster than recursive doubling; infinite where it never is. Both are straight lines in n, so
 * that they cross once at most.
 */
export function crossover(p: number, link: Link): number {
  const at = (algorithm: Algorithm, n: number) => secondsOf(algorithm(p, n), link)
  const slope = (algorithm: Algorithm) => at(algorithm, 1) - at(algorithm, 0)
  const behind = at(ringAllReduce, 0) - at(recursiveDoubling, 0)
  const gain = slope(recursiveDoubling) - slope(ringAllReduce)
  return gain > 0 ? Math.max(0, behind / gain) : Number.POSITIVE_INFINITY
}

/** Ranks beyond a power of two hand theirs to a neighbour first, and get the result from it. */
function folded(p: number, n: number, core: (power: number) => Load): Load {
  const power = 2 ** Math.floor(Math.log2(p))
  if (power === p) return core(power)
  return plus({ rounds: 2, bytes: 2 * n, inPairs: 0, reduced: n }, core(power))
}

const isPower = (p: number): boolean => Number.isInteger(Math.log2(p))

const plus = (a: Load, b: Load): Load => ({
  rounds: a.rounds + b.rounds,
  bytes: a.bytes + b.bytes,
  inPairs: a.inPairs + b.inPairs,
  reduced: a.reduced + b.reduced,
})
