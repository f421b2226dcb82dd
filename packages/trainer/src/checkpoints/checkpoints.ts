// One module of what runs with checkpoints need beside: it is loaded as a whole.
// The strategy of one device loads it when it is first asked for a state: by then it is to be there.
export { wholeModel } from '@levin/core'
export { openCheckpoint, openFirstWhole } from '../setup/open-checkpoint.js'
export { restoreRun, restoreWeights } from './run-state.js'
export { requireStorable, saveRun } from './save-run.js'
