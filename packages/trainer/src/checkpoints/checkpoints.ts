// One module of what runs with checkpoints need beside: it is loaded as a whole.
export { openCheckpoint, openFirstWhole } from '../setup/open-checkpoint.js'
export { restoreRun, restoreWeights } from './run-state.js'
export { requireStorable, saveRun } from './save-run.js'
