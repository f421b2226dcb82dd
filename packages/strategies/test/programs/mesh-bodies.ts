import { type MeshTraining, trainMesh } from './mesh-training.js'
import type { Place } from './place.js'

/** What ranks of a mesh can be asked to do. */
export const meshBodies = {
  meshTrain: (place: Place, training: MeshTraining) => trainMesh(training, place.world, place),
}
