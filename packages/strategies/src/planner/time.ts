import { scheduleFor } from '../pipeline/schedule-for.js'
import { SCHEDULES } from '../pipeline/schedules/index.js'
import type { StageTimes } from '../pipeline/schedules/schedule.js'
import { idlePart, type Timeline, timelineOf } from '../pipeline/schedules/timeline.js'
import type { Layout } from './layout.js'
import { axisCosts, type Machine } from './machine.js'
import {
  type MeasuredModel,
  type MeasuredParameter,
  type MeasuredPiece,
  outsideOf,
  parametersOf,
} from './measured-model.js'
import { betweenPart, elementsOn, workPart } from './share.js'
import { type Stage, stagesOf } from './stages.js'

/** Milliseconds of one update of all workers. */
export interface StepTime {
  readonly total: number
  /** Forward and backward of all micro-batches, what layers exchange in them and waiting included. */
  readonly walk: number
  /** Of the walk: what the tensor and context ranks exchange, on the busiest rank. */
  readonly layers: number
  /** Gradients are summed over data and context. */
  readonly gradients: number
  /** The optimizer, and what its parts exchange afterwards. */
  readonly update: number
  /** The part of the walk that ranks of the pipeline wait for each other. */
  readonly idle: number
  /** What it would be if all ranks took equally long. */
  readonly idleByTheory: number
  /** Who does what when in the walk. */
  readonly timeline: Timeline
}

const BYTES = 4

/** How long a step takes, from what was measured of the model and is known of the machine. */
export function planTime(layout: Layout, model: MeasuredModel, machine: Machine = {}): StepTime {
  const { pipeline, chunks, microBatches, schedule } = layout
  const stages = stagesOf(model, layout)
  const exchanged = stages.map((stage) => exchangeTimes(stage, layout, machine))
  const times = stages.map((stage, index) => stageTimes(stage, layout, exchanged[index] as Exchange))
  const shape = { ranks: pipeline, microBatches, chunks }
  const sending = pipeline === 1 ? 0 : 1e3 * axisCosts(layout, ['pipeline'], machine).message(boundary(stages, layout))
  const timeline = timelineOf(scheduleFor(layout, pipeline, microBatches), { times, sending })
  const walk = Math.max(...timeline.flat().map(({ end }) => end))
  const ranks = Array.from({ length: pipeline }, (_, rank) => rank)
  const layers = Math.max(
    ...ranks.map((rank) => {
      const own = exchanged.filter((_, stage) => stage % pipeline === rank)
      return microBatches * own.reduce((sum, { forward, backward }) => sum + forward + backward, 0)
    }),
  )
  const outside = trainable(outsideOf(model), layout)
  const elements = Math.max(...ranks.map((rank) => trainableElements(stages, rank, layout, model)))
  const overPipeline =
    outside === 0 || pipeline === 1 ? 0 : axisCosts(layout, ['pipeline'], machine).allReduce(BYTES * outside)
  const gradients = 1e3 * (overPipeline + axisCosts(layout, ['context', 'data'], machine).allReduce(BYTES * elements))
  const update = updateTime(elements, layout, model, machine)
  return {
    total: walk + gradients + update,
    walk,
    layers,
    gradients,
    update,
    idle: idlePart(timeline),
    idleByTheory: SCHEDULES[schedule].bubble(shape, meanTimes(times, pipeline)),
    timeline,
  }
}

// --- Internal helpers ---

/** Of one micro-batch on a rank, were all ranks equal. */
function meanTimes(times: readonly StageTimes[], ranks: number): StageTimes {
  const mean = (of: (each: StageTimes) => number): number => times.reduce((sum, each) => sum + of(each), 0) / ranks
  return {
    forward: mean(({ forward }) => forward),
    backwardInput: mean(({ backwardInput }) => backwardInput),
    backwardWeight: mean(({ backwardWeight }) => backwardWeight),
  }
}

interface Exchange {
  readonly forward: number
  readonly backward: number
}

/** What the ranks that share layers or sequences exchange within a stage, for one micro-batch. Milliseconds. */
function exchangeTimes({ pieces }: Stage, layout: Layout, machine: Machine): Exchange {
  const { tensor, context } = layout
  const [sums, around] = [axisCosts(layout, ['tensor'], machine), axisCosts(layout, ['context'], machine)]
  const seconds = (of: (piece: MeasuredPiece) => number): number => pieces.reduce((all, piece) => all + of(piece), 0)
  const summing =
    tensor === 1 ? 0 : seconds((piece) => piece.sums.reduce((all, bytes) => all + sums.allReduce(bytes / context), 0))
  // Keys and values go around once; on the way back their gradients go along.
  const ring =
    context === 1
      ? 0
      : seconds((piece) =>
          piece.attention.reduce((all, { bytes }) => all + (context - 1) * around.message(bytes / context / tensor), 0),
        )
  return { forward: 1e3 * (summing + ring), backward: 1e3 * (summing + 2 * ring) }
}

function stageTimes({ pieces, passed }: Stage, layout: Layout, exchange: Exchange): StageTimes {
  const all = (of: (piece: MeasuredPiece) => number): number =>
    pieces.reduce((sum, piece) => sum + of(piece) * workPart(piece, layout), 0)
  const before = passed.reduce((sum, piece) => sum + piece.forward * workPart(piece, layout), 0)
  const forward = before + all((piece) => piece.forward) + exchange.forward
  const again = layout.recompute ? forward : 0
  // Of a product's two gradients each is as long as the product.
  const half = (all((piece) => piece.backward) + exchange.backward) / 2
  return { forward, backwardInput: half + again, backwardWeight: half }
}

/** The largest activation between two stages. */
const boundary = (stages: readonly Stage[], layout: Layout): number =>
  Math.max(...stages.filter(({ receives }) => receives).map(({ pieces }) => pieces[0]?.inputBytes ?? 0)) *
  betweenPart(layout)

function trainableElements(stages: readonly Stage[], rank: number, layout: Layout, model: MeasuredModel): number {
  const pieces = stages.filter((_, stage) => stage % layout.pipeline === rank).flatMap((stage) => stage.pieces)
  const all = [...parametersOf(pieces), ...outsideOf(model)]
  return trainable([...new Map(all.map((each) => [each.path, each])).values()], layout)
}

const trainable = (parameters: readonly MeasuredParameter[], layout: Layout): number =>
  parameters.reduce((sum, each) => sum + (each.trainable ? elementsOn(each, layout) : 0), 0)

/** Each updates what it owns, and hands it to those that hold the same. */
function updateTime(elements: number, layout: Layout, { optimizer }: MeasuredModel, machine: Machine): number {
  const whole = elements * optimizer.millisecondsPerElement
  const owners = layout.data * layout.context
  if (layout.zero === 0 || owners === 1) return whole
  return whole / owners + 1e3 * axisCosts(layout, ['context', 'data'], machine).allGather(BYTES * elements)
}
