import { type StrategyHarness, type StrategyOutcome, strategyCases } from '@levin/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { ddp } from '../src/index.js'
import { acceleratorOf, fitOn } from './programs/place.js'
import type { World } from './programs/protocol.js'
import { Ranks } from './support/ranks.js'

const WORLDS: readonly World[] = [
  { size: 1 },
  { size: 2 },
  { size: 3 },
  { size: 4 },
  { size: 2, backend: 'cpu' },
  { size: 2, form: 'asynchronous' },
  { size: 3, form: 'asynchronous', backend: 'cpu' },
  { size: 3, form: 'overlapping' },
]

const ranks = new Ranks(4)
afterAll(() => ranks.end())

describe.each(WORLDS)('ddp on $size ranks, $form $backend', (world) => {
  beforeAll(() => acceleratorOf(world).setup())
  const harness: StrategyHarness = {
    plugin: ddp,
    worldSize: world.size,
    fit: fitOn(acceleratorOf(world)),
    play: (scenario) => ranks.run<StrategyOutcome>('scenario', { scenario }, world),
  }
  for (const { name, run } of strategyCases(harness)) test(name, run)
})
