import type { RankDescription } from '../contracts/process-group.js'

/** Where the one worker of a run without others stands. */
export const soloRank: RankDescription = Object.freeze({
  globalRank: 0,
  localRank: 0,
  nodeRank: 0,
  localWorldSize: 1,
  worldSize: 1,
})
