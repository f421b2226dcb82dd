import { playScenario, type StrategyScenario } from '@levin/testing'
import type { DdpOptions } from '../../src/index.js'
import { approximate, sum, zeroThenLowRank } from './compression.js'
import { materialise } from './materialise.js'
import { meshBodies } from './mesh-bodies.js'
import { acceleratorOf, ddpAt, fitOn, type Place } from './place.js'
import { ringBodies } from './ring-bodies.js'
import { runBodies } from './run-bodies.js'
import { sampleBodies } from './sample-bodies.js'
import { type Training, train } from './training.js'
import { zeroBodies } from './zero-bodies.js'

type Body = (place: Place, input: never) => Promise<unknown>

/** What a rank can be asked to do, by name. */
export const bodies: Readonly<Record<string, Body>> = {
  ...meshBodies,
  ...zeroBodies,
  ...ringBodies,
  ...runBodies,
  ...sampleBodies,

  async scenario(place, { scenario, options }: { scenario: StrategyScenario; options?: DdpOptions }) {
    const accelerator = acceleratorOf(place.world)
    await accelerator.setup()
    return playScenario(scenario, { createStrategy: () => ddpAt(place, options), fit: fitOn(accelerator) })
  },

  sum,
  approximate,
  zeroThenLowRank,

  materialise,

  train: (place, training: Training) => train(training, place.world, place),
}
