// One module of what a run in this thread needs: a program whose workers train does not load it.
export { placeRun } from '../launch/placement.js'
export { asDataModule } from '../setup/loaders.js'
export { requireModule } from '../setup/require-module.js'
export { execute } from './execute.js'
