import { describe, expect, test } from 'vitest'
import { EventQueue } from '../src/simulation/events.js'
import { exponential, generator } from '../src/simulation/random.js'
import { type Action, simulate } from '../src/simulation/simulate.js'
import { efficiency, STRATEGIES, secondsPerUpdate } from '../src/training.js'

const compute = (seconds: number): Action => ({ kind: 'compute', seconds })
const exchange = (seconds: number, blocks = true): Action => ({ kind: 'exchange', seconds, blocks })

test('events happen in the order of their times, and of their planning', () => {
  const queue = new EventQueue<number>()
  const random = generator(3)
  const times = Array.from({ length: 500 }, () => Math.floor(random() * 40))
  for (const [index, time] of times.entries()) queue.plan(time, index)
  const found: (readonly [time: number, index: number])[] = []
  for (let next = queue.next(); next; next = queue.next()) found.push([next.time, next.event])
  const expected = times.map((time, index) => [time, index] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1])
  expect(found).toEqual(expected)
  expect(queue.size).toBe(0)
})

describe('a simulation', () => {
  test('adds up what one rank does', () => {
    expect(simulate([compute(2), exchange(3), compute(4)], { ranks: 1 })).toBe(9)
  })

  test('lets collectives follow each other, whoever blocks', () => {
    expect(simulate([exchange(3, false), exchange(3, false), compute(1), { kind: 'drain' }], { ranks: 4 })).toBe(6)
    expect(simulate([exchange(3, false), compute(5), { kind: 'drain' }, compute(1)], { ranks: 4 })).toBe(6)
  })

  test('ends when the last collective does, also if nobody waits for it', () => {
    expect(simulate([compute(1), exchange(5, false)], { ranks: 2 })).toBe(6)
  })

  test('waits for the last of all ranks: on average the harmonic number of them as late as one', () => {
    const steps = 3_000
    const step: Action[] = [{ kind: 'step' }, compute(1), exchange(0)]
    const actions = Array.from({ length: steps }, () => step).flat()
    for (const ranks of [1, 2, 16]) {
      const harmonic = Array.from({ length: ranks }, (_, i) => 1 / (i + 1)).reduce((a, b) => a + b)
      const found = simulate(actions, { ranks, lateness: 0.1 }) / steps
      expect(found).toBeGreaterThan(1 + 0.1 * harmonic * 0.95)
      expect(found).toBeLessThan(1 + 0.1 * harmonic * 1.05)
    }
  })

  test('is late by the mean that it was given', () => {
    const random = generator(1)
    const mean = Array.from({ length: 20_000 }, () => exponential(random, 3)).reduce((a, b) => a + b) / 20_000
    expect(mean).toBeGreaterThan(2.9)
    expect(mean).toBeLessThan(3.1)
  })
})

describe('an update', () => {
  const costs = (secondsPerByte: number) => ({
    allReduce: (bytes: number) => 2 * bytes * secondsPerByte,
    reduceScatter: (bytes: number) => bytes * secondsPerByte,
    allGather: (bytes: number) => bytes * secondsPerByte,
  })
  const model = { parameters: 1e9, computeSeconds: 3 }
  const bytes = 4e9
  const slow = costs(1e-9)
  const seconds = (strategy: (typeof STRATEGIES)[number], more = {}) =>
    secondsPerUpdate(strategy, { ...model, ...more }, slow, { ranks: 4 })

  test('of ddp is its computation and then an all-reduce; accumulation exchanges once', () => {
    expect(seconds('ddp')).toBeCloseTo(3 + 2 * bytes * 1e-9, 9)
    expect(seconds('ddp', { accumulated: 5 })).toBeCloseTo(15 + 8, 9)
    expect(seconds('ddp, bf16')).toBeCloseTo(3 + 4, 9)
  })

  test('overlapped hides the exchange behind the walk back, or the walk behind the exchange', () => {
    const hidden = secondsPerUpdate('ddp, overlapped', model, costs(1e-12), { ranks: 4 })
    expect(hidden).toBeCloseTo(3 + (2 * bytes * 1e-12) / 16, 9)
    expect(seconds('ddp, overlapped')).toBeCloseTo(1 + 2 / 16 + 8, 9)
  })

  test('of zero 1 and 2 exchanges as much as ddp, of zero 3 half as much again, and computes a third more', () => {
    expect(seconds('zero 1')).toBeCloseTo(seconds('ddp'), 9)
    expect(seconds('zero 2')).toBeCloseTo(seconds('ddp'), 9)
    expect(seconds('zero 3')).toBeCloseTo(4 + 12, 9)
    expect(seconds('zero 2', { accumulated: 5 })).toBeCloseTo(15 + 5 * 4 + 4, 9)
    expect(seconds('zero 3', { accumulated: 5 })).toBeCloseTo(5 * (4 + 12), 9)
  })

  test('with local steps shares one exchange', () => {
    expect(seconds('ddp, 10 local steps')).toBeCloseTo(3 + 0.8, 9)
    expect(seconds('ddp, 100 local steps')).toBeCloseTo(3 + 0.08, 9)
  })

  test.each(STRATEGIES)(
    'under %s is the faster, the faster its network, and never more efficient than one rank',
    (strategy) => {
      const found = [1e-8, 1e-9, 1e-10, 0].map((each) => efficiency(strategy, model, costs(each), { ranks: 4 }))
      expect(found).toEqual([...found].sort((a, b) => a - b))
      expect(found.at(-1)).toBeCloseTo(strategy === 'zero 3' ? 3 / 4 : 1, 9)
    },
  )
})
