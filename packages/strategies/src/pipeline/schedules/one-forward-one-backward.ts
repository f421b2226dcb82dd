import { gpipe } from './gpipe.js'
import { type PipelineAction, requireSingleChunk, type ScheduleRule } from './schedule.js'

/**
 * As many micro-batches forward as it takes to fill the ranks behind, then one backward for each forward. Narayanan et al. 2019,
 * "PipeDream", with a flush at the end of a step. As idle as GPipe, but a rank holds no more micro-batches than there are ranks.
 */
export const oneForwardOneBackward: ScheduleRule = {
  interleaves: false,
  make(shape) {
    requireSingleChunk('1f1b', shape)
    const { ranks, microBatches } = shape
    return Array.from({ length: ranks }, (_, rank) => {
      const ahead = Math.min(ranks - 1 - rank, microBatches)
      const actions: PipelineAction[] = []
      for (let k = 0; k < microBatches + ahead; k++) {
        if (k < microBatches) actions.push({ kind: 'forward', microBatch: k, chunk: 0 })
        if (k >= ahead) actions.push({ kind: 'backward', microBatch: k - ahead, chunk: 0 })
      }
      return actions
    })
  },
  bubble: gpipe.bubble,
  held: ({ ranks, microBatches }, rank) => Math.min(ranks - rank, microBatches),
}
