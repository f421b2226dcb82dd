import { processGroupCases } from '@levin/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { createArena } from '../src/index.js'
import { sharedBodies } from './programs/bodies.js'
import { Ranks } from './support.js'

const WORLDS = [1, 2, 3, 4, 5]
const ranks = new Ranks(5)
afterAll(() => ranks.end())

describe('shared memory', () => {
  const launch = (name: string, size: number) => ranks.launch(name, size)
  for (const { name, run } of processGroupCases({ worldSizes: WORLDS, launch })) test(name, run)
})

describe.each(WORLDS)('shared memory of %i ranks', (size) => {
  test.each(Object.keys(sharedBodies))('%s', (name) => ranks.launch(name, size))
})

test('an arena needs a whole number of ranks', () => {
  expect(() => createArena(0)).toThrow(/a whole number from 1, found 0/)
  expect(() => createArena(1.5)).toThrow(/found 1.5/)
})
