import type { ScheduleName } from '../pipeline/schedules/index.js'

/** How a mesh of workers divides a model and its batches. */
export interface Layout {
  /** Ranks that hold the same and read different batches. */
  readonly data: number
  /** Ranks that hold one stage of the model after the other. */
  readonly pipeline: number
  /** Ranks that hold stretches of sequences. */
  readonly context: number
  /** Ranks that hold parts of layers. */
  readonly tensor: number
  /** Of the pipeline; without one it says nothing. */
  readonly schedule: ScheduleName
  /** Parts of the model on each rank of the pipeline. */
  readonly chunks: number
  /** How many layers each stage has. Absent: as the module says, or as even in parameters as can be. */
  readonly layersPerStage?: readonly number[]
  /** Of one update: `accumulateGradBatches`. */
  readonly microBatches: number
  /** Whether layers keep their inputs only, and run again on the way back. */
  readonly recompute: boolean
  /** 1: the optimizer's state is divided over the data ranks. */
  readonly zero: 0 | 1
  /** Whether tensor ranks have stretches of sequences between the layers that they share. */
  readonly sequenceParallel: boolean
}

/** From ranks that are next to each other to ranks that are far apart: the more often an axis communicates, the closer. */
export const AXES = ['tensor', 'context', 'data', 'pipeline'] as const

export type Axis = (typeof AXES)[number]

/** One worker, which does everything. */
export const ALONE: Layout = {
  data: 1,
  pipeline: 1,
  context: 1,
  tensor: 1,
  schedule: '1f1b',
  chunks: 1,
  microBatches: 1,
  recompute: false,
  zero: 0,
  sequenceParallel: false,
}

/** Whether one worker does everything. */
export const isAlone = (layout: Layout): boolean => AXES.every((axis) => layout[axis] === 1)

/** `data 2 × pipeline 4 (1f1b)`, or `1 worker`. */
export function layoutName(layout: Layout): string {
  const { schedule, chunks, recompute, zero, sequenceParallel } = layout
  const axes = (['data', 'pipeline', 'context', 'tensor'] as const)
    .filter((axis) => layout[axis] > 1)
    .map((axis) => {
      if (axis === 'pipeline')
        return `pipeline ${layout.pipeline} (${schedule}${chunks > 1 ? `, ${chunks} chunks` : ''})`
      if (axis === 'tensor' && sequenceParallel) return `tensor ${layout.tensor} (sequences too)`
      return `${axis} ${layout[axis]}`
    })
  const extras = [zero === 1 && 'zero 1', recompute && 'recompute'].filter(Boolean)
  return [axes.join(' × ') || '1 worker', ...extras].join(', ')
}

/** What `mesh()` takes for a layout: what differs from its defaults. */
export function meshOptions(layout: Layout): Readonly<Record<string, unknown>> {
  const { pipeline, schedule, chunks, layersPerStage, recompute, zero, sequenceParallel } = layout
  const axes = AXES.filter((axis) => layout[axis] > 1).map((axis) => [axis, layout[axis]] as const)
  return {
    ...Object.fromEntries(axes.reverse()),
    ...(pipeline > 1 ? { schedule } : {}),
    ...(chunks > 1 ? { chunks } : {}),
    ...(layersPerStage ? { layersPerStage } : {}),
    ...(recompute ? { recompute } : {}),
    ...(zero ? { zero } : {}),
    ...(sequenceParallel ? { sequenceParallel } : {}),
  }
}
