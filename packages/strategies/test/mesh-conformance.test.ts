import { type StrategyOutcome, strategyCases } from '@levin/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type MeshOptions, mesh } from '../src/mesh.js'
import { acceleratorOf, fitOn } from './programs/place.js'
import type { World } from './programs/protocol.js'
import { Ranks } from './support/ranks.js'

// The cases' module is one layer, which neither a pipeline nor tensor ranks can divide; how these compute is in the curves.
const MESHES: readonly MeshOptions[] = [{}, { zero: 1 }]
const WORLDS: readonly World[] = [
  { size: 1 },
  { size: 2 },
  { size: 3 },
  { size: 2, form: 'asynchronous', backend: 'cpu' },
]

const ranks = new Ranks(3)
afterAll(() => ranks.end())

describe.each(MESHES)('mesh(%o)', (options) => {
  describe.each(WORLDS)('on $size ranks, $form $backend', (world) => {
    beforeAll(() => acceleratorOf(world).setup())
    const cases = strategyCases({
      plugin: mesh,
      worldSize: world.size,
      fit: fitOn(acceleratorOf(world)),
      play: (scenario) => ranks.run<StrategyOutcome>('meshScenario', { scenario, options }, world),
    })
    for (const { name, run } of cases) test(name, run)
  })
})
