import { EQUAL_TIMES, type PipelineAction, requireSingleChunk, type ScheduleRule } from './schedule.js'
import { idlePart, timelineOf } from './timeline.js'

/**
 * 1F1B whose backward is done in two halves: gradients of inputs at once, since the rank before waits for them, those of parameters
 * later. Qi et al. 2023, "Zero bubble pipeline parallelism", schedule H1: a rank is that many micro-batches late with the second
 * half as there are ranks before it, which fills the time in which 1F1B waits. With halves as long as a forward the bubble is a
 * third of 1F1B's; every rank holds as many micro-batches as the first one does there.
 */
export const zeroBubble: ScheduleRule = {
  interleaves: false,
  make(shape) {
    requireSingleChunk('zeroBubble', shape)
    const { ranks, microBatches } = shape
    return Array.from({ length: ranks }, (_, rank) => {
      const actions: PipelineAction[] = []
      const add = (kind: PipelineAction['kind'], microBatch: number): void => {
        if (microBatch >= 0 && microBatch < microBatches) actions.push({ kind, microBatch, chunk: 0 })
      }
      for (let k = 0; k < ranks - rank; k++) add('forward', k)
      for (let k = 0; k < microBatches; k++) {
        add('backwardInput', k)
        add('backwardWeight', k - rank)
        add('forward', k + ranks - rank)
      }
      for (let k = microBatches - rank; k < microBatches; k++) add('backwardWeight', k)
      return actions
    })
  },
  bubble(shape, times = EQUAL_TIMES) {
    const { ranks, microBatches } = shape
    const { forward, backwardInput, backwardWeight } = times
    // With so few there is no steady part, and no formula.
    if (microBatches < ranks) return idlePart(timelineOf(zeroBubble.make(shape), { times }))
    const idle = (ranks - 1) * (forward + backwardInput - backwardWeight)
    return idle / (microBatches * (forward + backwardInput + backwardWeight) + idle)
  },
  held: ({ ranks, microBatches }) => Math.min(ranks, microBatches),
}
