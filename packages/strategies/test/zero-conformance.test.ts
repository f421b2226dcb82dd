import { type StrategyOutcome, strategyCases } from '@levin/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type ZeroOptions, zero } from '../src/zero.js'
import { acceleratorOf, fitOn } from './programs/place.js'
import type { World } from './programs/protocol.js'
import { Ranks } from './support/ranks.js'

const STAGES: readonly ZeroOptions[] = [
  { stage: 1 },
  { stage: 2 },
  // Without units everything is gathered for the whole step; with them the module's one layer is.
  { stage: 3, units: [] },
  { stage: 3, units: ['layer'] },
]

const WORLDS: readonly World[] = [{ size: 1 }, { size: 2 }, { size: 3 }, { size: 4 }, { size: 2, backend: 'cpu' }]

const ranks = new Ranks(4)
afterAll(() => ranks.end())

describe.each(STAGES)('zero(%o)', (options) => {
  describe.each(WORLDS)('on $size ranks, $backend', (world) => {
    beforeAll(() => acceleratorOf(world).setup())
    const cases = strategyCases({
      plugin: zero,
      worldSize: world.size,
      fit: fitOn(acceleratorOf(world)),
      play: (scenario) => ranks.run<StrategyOutcome>('zeroScenario', { scenario, options }, world),
    })
    for (const { name, run } of cases) test(name, run)
  })
})
