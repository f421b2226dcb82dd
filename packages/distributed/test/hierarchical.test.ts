import { processGroupCases } from '@levin/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { connectShared, createArena, hierarchicalGroup } from '../src/index.js'
import { hierarchicalBodies } from './programs/hierarchical-bodies.js'
import { Ranks } from './support.js'

const ranks = new Ranks(5)
afterAll(() => ranks.end())

describe.each([
  { sizes: [2, 2], pairs: false },
  { sizes: [3, 1], pairs: false },
  { sizes: [1, 2, 2], pairs: false },
  // One level suffices.
  { sizes: [3], pairs: true },
  { sizes: [1, 1, 1], pairs: true },
])('processes of $sizes ranks', ({ sizes, pairs }) => {
  const size = sizes.reduce((a, b) => a + b, 0)
  const launch = (name: string) => ranks.launchProcesses(name, sizes)
  for (const { name, run } of processGroupCases({ worldSizes: [size], launch, pairs })) test(name, run)
})

describe('two processes of two ranks', () => {
  test.each(Object.keys(hierarchicalBodies))('%s', (name) => ranks.launchProcesses(name, [2, 2]))
})

test('only the first rank of a process may have the group of processes', async () => {
  const inner = connectShared(createArena(2), 1)
  const outer = connectShared(createArena(1), 0)
  await expect(hierarchicalGroup(inner, outer)).rejects.toThrow(/Rank 1 of a process has a group of processes/)
})
