import { describe, expect, test } from 'vitest'
import { clusterCosts, flatRing } from '../src/planner/costs/cluster.js'
import {
  ALL_REDUCES,
  cheapest,
  crossover,
  rabenseifner,
  recursiveDoubling,
  ringAllGather,
  ringAllReduce,
  ringReduceScatter,
  secondsOf,
  tree,
} from '../src/planner/costs/collectives.js'
import { ethernet, GOODPUT, type Link } from '../src/planner/costs/link.js'

const RANKS = [2, 3, 4, 5, 7, 8, 12, 64, 1000, 1024, 4096]
const POWERS = RANKS.filter((ranks) => Number.isInteger(Math.log2(ranks)))
const BYTES = 4e6
const link: Link = ethernet(10, 50e-6, 1e-10)
const algorithms = Object.entries(ALL_REDUCES)

describe.each(RANKS)('among %i ranks', (p) => {
  test('a ring sends 2 (p - 1) / p of the data in 2 (p - 1) rounds', () => {
    const { rounds, bytes, reduced } = ringAllReduce(p, BYTES)
    expect(rounds).toBe(2 * (p - 1))
    expect(bytes).toBeCloseTo((2 * (p - 1) * BYTES) / p, 6)
    expect(reduced).toBeCloseTo(((p - 1) * BYTES) / p, 6)
  })

  test('a ring is a reduce-scatter and then an all-gather', () => {
    const whole = secondsOf(ringAllReduce(p, BYTES), link)
    const parts = secondsOf(ringReduceScatter(p, BYTES), link) + secondsOf(ringAllGather(p, BYTES), link)
    expect(whole).toBeCloseTo(parts, 12)
  })

  test.each(algorithms)('%s sends no less than is possible, in no fewer rounds', (_, algorithm) => {
    const { rounds, bytes, reduced } = algorithm(p, BYTES)
    expect(bytes).toBeGreaterThanOrEqual((2 * (p - 1) * BYTES) / p - 1e-6)
    expect(rounds).toBeGreaterThanOrEqual(Math.ceil(Math.log2(p)))
    expect(reduced).toBeGreaterThanOrEqual(((p - 1) * BYTES) / p - 1e-6)
  })

  test.each(algorithms)('%s takes longer for more bytes, and its latency for none', (_, algorithm) => {
    const seconds = [0, 1, 1e3, 1e6, 1e9].map((bytes) => secondsOf(algorithm(p, bytes), link))
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b))
    expect(seconds[0]).toBe(algorithm(p, 0).rounds * link.latency)
  })

  test('below the crossover recursive doubling is faster than a ring, above it the ring is', () => {
    const at = crossover(p, link)
    const gain = (bytes: number) =>
      secondsOf(recursiveDoubling(p, bytes), link) - secondsOf(ringAllReduce(p, bytes), link)
    expect(gain(at * 1.01)).toBeGreaterThan(0)
    if (at > 0) expect(gain(at * 0.99)).toBeLessThan(0)
  })
})

test('recursive doubling has the fewest rounds of all, and a ring and Rabenseifner the fewest bytes', () => {
  for (const p of POWERS) {
    expect(recursiveDoubling(p, BYTES).rounds).toBe(Math.log2(p))
    expect(rabenseifner(p, BYTES).bytes).toBeCloseTo(ringAllReduce(p, BYTES).bytes, 6)
    expect(rabenseifner(p, BYTES).rounds).toBe(2 * Math.log2(p))
    expect(tree(p, BYTES).bytes).toBe(2 * Math.log2(p) * BYTES)
  }
})

test('one rank alone does nothing', () => {
  for (const [, algorithm] of algorithms) expect(secondsOf(algorithm(1, BYTES), link)).toBe(0)
})

test('with ever more ranks a ring sends twice the data, and its latency grows without end', () => {
  expect(ringAllReduce(1e9, BYTES).bytes / BYTES).toBeCloseTo(2, 6)
  expect(secondsOf(ringAllReduce(4096, 0), link)).toBeCloseTo(8190 * link.latency, 12)
})

test('ranks beyond a power of two cost two rounds more, and all bytes twice more', () => {
  const [five, four] = [recursiveDoubling(5, BYTES), recursiveDoubling(4, BYTES)]
  expect(five.rounds - four.rounds).toBe(2)
  expect(five.bytes - four.bytes).toBe(2 * BYTES)
})

test('where pairs share a connection, exchanges take twice as long, and a ring among three or more does not', () => {
  const shared = { ...link, latency: 0, secondsPerReducedByte: 0, pairFactor: 2 }
  const alone = { ...shared, pairFactor: 1 }
  for (const p of POWERS) {
    expect(secondsOf(recursiveDoubling(p, BYTES), shared)).toBe(2 * secondsOf(recursiveDoubling(p, BYTES), alone))
    const ring = secondsOf(ringAllReduce(p, BYTES), shared) / secondsOf(ringAllReduce(p, BYTES), alone)
    expect(ring).toBeCloseTo(p === 2 ? 2 : 1, 12)
  }
})

test('the cheapest is that of the least seconds: doubling for a word, a ring or Rabenseifner for much', () => {
  const least = (p: number, bytes: number): number =>
    Math.min(...algorithms.map(([, algorithm]) => secondsOf(algorithm(p, bytes), link)))
  expect(cheapest(64, 4, link).name).toBe('recursive doubling')
  expect(cheapest(64, 4e9, link).name).toBe('Rabenseifner')
  expect(cheapest(60, 4e9, link).name).toBe('ring')
  for (const p of [3, 64])
    for (const bytes of [4, 1e5, 1e9]) {
      const { name, seconds } = cheapest(p, bytes, link)
      expect(seconds).toBe(least(p, bytes))
      expect(seconds).toBe(secondsOf(ALL_REDUCES[name](p, bytes), link))
    }
})

test('two ranks have no crossover where reducing is free: doubling sends as much in half the rounds', () => {
  expect(crossover(2, { ...link, secondsPerReducedByte: 0 })).toBe(Number.POSITIVE_INFINITY)
})

test('goodput is what a frame leaves for data', () => {
  expect(ethernet(1, 0, 0).secondsPerByte).toBeCloseTo(8e-9 / GOODPUT, 15)
  expect(GOODPUT).toBeCloseTo(0.941, 3)
})

describe('levels', () => {
  const within = { latency: 1e-6, secondsPerByte: 1e-10, secondsPerMovedByte: 5e-11 }
  const costs = (hosts: number, ranksPerHost: number) => clusterCosts({ hosts, ranksPerHost, network: link, within })

  test('one rank alone exchanges nothing', () => {
    const { allReduce, reduceScatter, allGather } = costs(1, 1)
    expect([allReduce(BYTES), reduceScatter(BYTES), allGather(BYTES)]).toEqual([0, 0, 0])
  })

  test('one host needs no network, and one rank per host nothing else', () => {
    expect(costs(1, 16).allReduce(BYTES)).toBeCloseTo(1e-6 + BYTES * 1e-10, 15)
    expect(costs(8, 1).allReduce(BYTES)).toBe(cheapest(8, BYTES, link).seconds)
  })

  test('the network has as many ranks as there are hosts', () => {
    const cluster = { hosts: 64, ranksPerHost: 16, network: link, within }
    const inside = 2e-6 + BYTES * 1.5e-10
    expect(clusterCosts(cluster).allReduce(BYTES)).toBeCloseTo(inside + cheapest(64, BYTES, link).seconds, 12)
    expect(flatRing(cluster, 4e3)).toBeGreaterThan(10 * clusterCosts(cluster).allReduce(4e3))
  })

  test('a reduce-scatter and an all-gather over hosts move each as much as half an all-reduce', () => {
    const free = { ...link, latency: 0, secondsPerReducedByte: 0 }
    const { allReduce, reduceScatter, allGather } = clusterCosts({ hosts: 8, ranksPerHost: 1, network: free, within })
    expect(reduceScatter(BYTES) + allGather(BYTES)).toBeCloseTo(allReduce(BYTES), 12)
  })
})
