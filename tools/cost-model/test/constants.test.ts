import { linkOf, NETWORKS, SECONDS_PER_REDUCED_BYTE, SHARED_MEMORY } from '@levin/strategies/planner'
import { describe, expect, test } from 'vitest'
import { processesOf, reductionOf, sharedMemoryOf } from '../src/constants.js'
import { Measurements } from '../src/measurements.js'
import { bytesOf, mostParameters, SPREADS } from '../src/memory.js'

const measured = (medians: Readonly<Record<string, number>>, contender: string): Measurements =>
  new Measurements({
    machine: { cpu: 'one', cores: 2, node: '20' },
    works: Object.entries(medians).map(([name, median]) => ({
      name,
      contenders: { [contender]: { median, spread: 0 } },
    })),
  })

describe('constants', () => {
  test('are the line through a small and a large measurement', () => {
    const collectives = measured(
      { 'all-reduce-4kB': 1.4, 'all-reduce-40MB': 4001, 'all-gather-400kB': 41, 'all-gather-40MB': 4001 },
      'levin',
    )
    const { latency, secondsPerByte, secondsPerMovedByte } = sharedMemoryOf(collectives)
    expect(secondsPerByte).toBeCloseTo(1e-10, 13)
    expect(latency).toBeCloseTo(1e-6, 9)
    expect(secondsPerMovedByte).toBeCloseTo(1e-10, 13)
  })

  test('of messages are those of one way', () => {
    const link = processesOf(
      measured({ 'message-4B': 0.5, 'message-4MB': 400.5, 'local-reduction-4MB': 400 }, 'open-mpi'),
    )
    expect(link.latency).toBeCloseTo(0.5e-6, 8)
    expect(link.secondsPerByte).toBeCloseTo(1e-10, 12)
    expect(link.secondsPerReducedByte).toBeCloseTo(1e-10, 12)
  })

  test('that the planner has are those of the stored measurements', () => {
    const collectives = Measurements.of('collectives')
    const { latency, secondsPerByte, secondsPerMovedByte } = sharedMemoryOf(collectives)
    expect(SHARED_MEMORY.latency / latency).toBeCloseTo(1, 1)
    expect(SHARED_MEMORY.secondsPerByte / secondsPerByte).toBeCloseTo(1, 1)
    expect(SHARED_MEMORY.secondsPerMovedByte / secondsPerMovedByte).toBeCloseTo(1, 1)
    expect(SECONDS_PER_REDUCED_BYTE / reductionOf(collectives)).toBeCloseTo(1, 1)
  })

  test('that were not measured are an error that says how they are', () => {
    expect(() => processesOf(measured({}, 'open-mpi'))).toThrow(
      "'message-4B' of 'open-mpi' is not among the measurements: run the bench again.",
    )
  })

  test('of networks are in bytes per second what their names say, less frames', () => {
    const [slow, , fast] = NETWORKS.map((network) => linkOf(network, 0))
    expect(1 / (slow?.secondsPerByte ?? 0)).toBeCloseTo(117.7e6, -5)
    expect(slow?.secondsPerByte).toBeCloseTo(100 * (fast?.secondsPerByte ?? 0), 12)
  })
})

describe('memory', () => {
  test('of one rank is the same under every strategy', () => {
    for (const strategy of SPREADS) expect(bytesOf(strategy, { parameters: 1e9, ranks: 1, unit: 1e6 })).toBe(16e9)
  })

  test('of many ranks is what is not spread, and the largest unit', () => {
    const bytes = SPREADS.map((strategy) => bytesOf(strategy, { parameters: 1e9, ranks: 1e6, unit: 1e7 }) / 1e9)
    for (const [index, expected] of [16, 8, 4, 0.08].entries()) expect(bytes[index]).toBeCloseTo(expected, 1)
  })

  test('bounds the model: a little more does not fit', () => {
    for (const strategy of SPREADS) {
      const parameters = mostParameters(strategy, 8, 4e9, 1 / 24)
      const bytes = (count: number) => bytesOf(strategy, { parameters: count, ranks: 8, unit: count / 24 })
      expect(bytes(parameters)).toBeLessThanOrEqual(4e9)
      expect(bytes(parameters + 2)).toBeGreaterThan(4e9)
    }
    expect(mostParameters('ddp', 8, 4e9, 0)).toBeCloseTo(250e6, -1)
  })
})
