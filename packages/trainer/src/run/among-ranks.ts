// One module of what runs of several ranks need beside: it is loaded as a whole.
export { mergeReadings, withOthers } from '../logging/merge-readings.js'
export { gatherRanks, onRankZero, together } from './agreement-among-ranks.js'
export { announceDifferences } from './differences.js'
