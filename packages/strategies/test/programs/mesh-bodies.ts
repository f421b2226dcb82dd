import { playScenario, type StrategyScenario } from '@levin/testing'
import type { MeshOptions } from '../../src/mesh.js'
import { type MeshMemoryTrial, meshMemoryUsed } from './mesh-memory.js'
import { type MeshTraining, meshAt, trainMesh } from './mesh-training.js'
import { acceleratorOf, fitOn, type Place } from './place.js'

/** What ranks of a mesh can be asked to do. */
export const meshBodies = {
  async meshScenario(place: Place, { scenario, options }: { scenario: StrategyScenario; options: MeshOptions }) {
    const accelerator = acceleratorOf(place.world)
    await accelerator.setup()
    return playScenario(scenario, { createStrategy: () => meshAt(place, options), fit: fitOn(accelerator) })
  },

  meshMemory: (place: Place, trial: MeshMemoryTrial) => meshMemoryUsed(trial, place),

  meshTrain: (place: Place, training: MeshTraining) => trainMesh(training, place.world, place),
}
