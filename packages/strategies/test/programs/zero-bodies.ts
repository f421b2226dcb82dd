import type { Strategy } from '@levin/core'
import { type Fit, playScenario, type StrategyScenario } from '@levin/testing'
import { type ZeroOptions, zero } from '../../src/zero.js'
import { CheckpointsOfRanks } from '../support/checkpoints-of-ranks.js'
import { acceleratorOf, fitOn, type Place } from './place.js'

/** The strategy, as whoever starts a rank makes it. */
export function zeroAt({ group }: Place, options: ZeroOptions): Strategy {
  const { rank, size } = group
  const strategy: Strategy = zero(options)
  strategy.join?.({ rank: { globalRank: rank, localRank: rank, nodeRank: 0, localWorldSize: size, worldSize: size }, group })
  return strategy
}

/** What ranks of zero can be asked to do. */
export const zeroBodies = {
  async zeroScenario(place: Place, { scenario, options }: { scenario: StrategyScenario; options: ZeroOptions }) {
    const accelerator = acceleratorOf(place.world)
    await accelerator.setup()
    const run = fitOn(accelerator)
    const fit: Fit = (request) => {
      if (!request.strategy) throw new Error('a fit without its strategy')
      return run({ ...request, checkpointIO: new CheckpointsOfRanks(request.checkpointIO, request.strategy) })
    }
    return playScenario(scenario, { createStrategy: () => zeroAt(place, options), fit })
  },
}
