import { EQUAL_TIMES, type PipelineAction, requireSingleChunk, type ScheduleRule } from './schedule.js'

/** Every micro-batch forward, then every one backward. Huang et al. 2019, "GPipe". Holds the activations of all of them. */
export const gpipe: ScheduleRule = {
  interleaves: false,
  make(shape) {
    requireSingleChunk('gpipe', shape)
    const all = Array.from({ length: shape.microBatches }, (_, microBatch) => microBatch)
    const each = (kind: PipelineAction['kind']) => all.map((microBatch) => ({ kind, microBatch, chunk: 0 }))
    return Array.from({ length: shape.ranks }, () => [...each('forward'), ...each('backward')])
  },
  // With equal stages it does not depend on how long forward and backward take.
  bubble: ({ ranks, microBatches }, _times = EQUAL_TIMES) => (ranks - 1) / (microBatches + ranks - 1),
  held: ({ microBatches }) => microBatches,
}
