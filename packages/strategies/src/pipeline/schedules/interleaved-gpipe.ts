import type { PipelineAction, Schedule, ScheduleShape } from './schedule.js'

/** All forwards part by part, then all backwards: for any number of micro-batches over any number of parts per rank. */
export function interleavedGpipe({ ranks, microBatches, chunks = 1 }: ScheduleShape): Schedule {
  const actions = (kind: PipelineAction['kind'], order: readonly number[]): PipelineAction[] =>
    order.flatMap((chunk) => Array.from({ length: microBatches }, (_, microBatch) => ({ kind, microBatch, chunk })))
  const parts = Array.from({ length: chunks }, (_, chunk) => chunk)
  const all = [...actions('forward', parts), ...actions('backward', parts.toReversed())]
  return Array.from({ length: ranks }, () => all)
}
