import { scheduleFor } from '../pipeline/schedule-for.js'
import type { Layout } from './layout.js'
import { type MeasuredModel, type MeasuredParameter, outsideOf, parametersOf } from './measured-model.js'
import { elementsOn } from './share.js'
import { type Stage, stagesOf } from './stages.js'
import { mostInStep, type StepPeak } from './step-peak.js'

/** Bytes of one rank at its peak within a step, once the optimizer has its state. */
export interface RankMemory extends StepPeak {
  readonly parameters: number
  readonly buffers: number
  readonly optimizer: number
  /** The batches of a window, which are there until its end. */
  readonly batch: number
  /** {@link RUNTIME_BYTES} */
  readonly runtime: number
  readonly total: number
}

/** What a rank needs beside tensors: scratch memory that kernels keep, such as packed panels of products. Stated, not derived. */
export const RUNTIME_BYTES = 2 ** 21

const BYTES = 4

/**
 * Memory of the ranks of a layout, by their place in the pipeline: those that differ in other axes are equal.
 *
 * @throws LEVIN_NOT_SUPPORTED for a layout that the model cannot have
 */
export function planMemory(layout: Layout, model: MeasuredModel): readonly RankMemory[] {
  const stages = stagesOf(model, layout)
  const { pipeline, microBatches } = layout
  return scheduleFor(layout, pipeline, microBatches).map((actions, rank) => {
    const parts = stages.filter((_, stage) => stage % pipeline === rank)
    return rankMemory(layout, model, parts, mostInStep(actions, parts, layout))
  })
}

/** Of the rank that needs most. */
export const largestOf = (ranks: readonly RankMemory[]): RankMemory =>
  ranks.reduce((most, each) => (each.total > most.total ? each : most))

function rankMemory(layout: Layout, model: MeasuredModel, parts: readonly Stage[], step: StepPeak): RankMemory {
  const pieces = parts.flatMap((part) => part.pieces)
  const parameters = unique([...parametersOf(pieces), ...outsideOf(model)])
  const bytes = {
    ...step,
    parameters: BYTES * parameters.reduce((sum, each) => sum + elementsOn(each, layout), 0),
    buffers: BYTES * pieces.reduce((sum, piece) => sum + piece.buffers, 0),
    optimizer:
      BYTES *
      model.optimizer.slots *
      stateElements(
        parameters.filter(({ trainable }) => trainable).map((each) => elementsOn(each, layout)),
        layout,
      ),
    batch: (layout.microBatches * model.batch.bytes) / layout.context,
    runtime: RUNTIME_BYTES,
  }
  return { ...bytes, total: Object.values(bytes).reduce((sum, each) => sum + each, 0) }
}

/** Elements whose state the rank has that has the most: whole tensors go to whoever has least, the largest first. */
function stateElements(sizes: readonly number[], { data, context, zero }: Layout): number {
  const loads = Array.from({ length: zero === 1 ? data * context : 1 }, () => 0)
  for (const size of [...sizes].sort((a, b) => b - a)) {
    const least = loads.indexOf(Math.min(...loads))
    loads[least] = (loads[least] as number) + size
  }
  return Math.max(...loads)
}

const unique = (parameters: readonly MeasuredParameter[]): readonly MeasuredParameter[] => [
  ...new Map(parameters.map((each) => [each.path, each])).values(),
]
