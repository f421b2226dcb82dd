import { playScenario, type StrategyScenario } from '@levin/testing'
import type { ZeroOptions } from '../../src/zero.js'
import { acceleratorOf, fitOn, type Place } from './place.js'
import { zeroAt } from './zero-at.js'
import { type Failing, failZero, type Predicting, predictZero } from './zero-edges.js'
import { type MemoryTrial, memoryUsed } from './zero-memory.js'
import { trainZero, type ZeroTraining } from './zero-training.js'

/** What ranks of zero can be asked to do. */
export const zeroBodies = {
  async zeroScenario(place: Place, { scenario, options }: { scenario: StrategyScenario; options: ZeroOptions }) {
    const accelerator = acceleratorOf(place.world)
    await accelerator.setup()
    return playScenario(scenario, { createStrategy: () => zeroAt(place, options), fit: fitOn(accelerator) })
  },

  zeroMemory: (place: Place, trial: MemoryTrial) => memoryUsed(trial, place),

  zeroFail: (place: Place, failing: Failing) => failZero(failing, place),

  zeroPredict: (place: Place, predicting: Predicting) => predictZero(predicting, place.world, place),

  zeroTrain: (place: Place, training: ZeroTraining) => trainZero(training, place.world, place),
}
