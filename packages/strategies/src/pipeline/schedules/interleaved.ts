import { LevinError } from '@levin/core'
import { type PipelineAction, requireNatural, type ScheduleRule, type ScheduleShape } from './schedule.js'

/**
 * One forward, one backward, over several parts of the model on each rank: micro-batches come by more often, in smaller pieces, and
 * ranks wait for a piece instead of for a whole. Narayanan et al. 2021, "Efficient large-scale language model training on GPU
 * clusters". The bubble shrinks by the number of parts; what is sent grows by it.
 */
export const interleaved: ScheduleRule = {
  interleaves: true,
  make(shape) {
    const { ranks, microBatches, chunks } = checked(shape)
    const total = microBatches * chunks
    /** The kth forward of a rank; of backwards the parts come the other way round. */
    const nth = (k: number, kind: 'forward' | 'backward'): PipelineAction => {
      const chunk = Math.floor((k % (ranks * chunks)) / ranks)
      return {
        kind,
        microBatch: Math.floor(k / (ranks * chunks)) * ranks + (k % ranks),
        chunk: kind === 'forward' ? chunk : chunks - 1 - chunk,
      }
    }
    return Array.from({ length: ranks }, (_, rank) => {
      const ahead = Math.min(aheadOf(ranks, chunks, rank), total)
      const actions: PipelineAction[] = []
      for (let k = 0; k < total + ahead; k++) {
        if (k < total) actions.push(nth(k, 'forward'))
        if (k >= ahead) actions.push(nth(k - ahead, 'backward'))
      }
      return actions
    })
  },
  bubble({ ranks, microBatches, chunks = 1 }) {
    return (ranks - 1) / (chunks * microBatches + ranks - 1)
  },
  held(shape, rank) {
    const { ranks, microBatches, chunks } = checked(shape)
    return Math.min(aheadOf(ranks, chunks, rank) + 1, microBatches * chunks)
  },
}

/** Forwards of a rank before its first backward. With one part per rank that is 1F1B's. */
const aheadOf = (ranks: number, chunks: number, rank: number): number =>
  chunks === 1 ? ranks - 1 - rank : 2 * (ranks - 1 - rank) + (chunks - 1) * ranks

function checked({ ranks, microBatches, chunks = 1 }: ScheduleShape): Required<ScheduleShape> {
  requireNatural('interleaved', 'ranks', ranks)
  requireNatural('interleaved', 'microBatches', microBatches)
  requireNatural('interleaved', 'chunks', chunks)
  if (chunks === 1 || microBatches % ranks === 0) return { ranks, microBatches, chunks }
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: "The schedule 'interleaved' takes micro-batches in groups of as many as there are ranks.",
    expected: `microBatches: a multiple of ${ranks}`,
    found: `microBatches: ${microBatches}`,
    remedy: `Use ${Math.ceil(microBatches / ranks) * ranks} micro-batches, or the schedule '1f1b'.`,
  })
}
