import { LevinError } from '@levin/core'

/** One thing that a rank does for one micro-batch in one of the parts of the model that it holds. */
export interface PipelineAction {
  /**
   * `backward` computes gradients of a part's input and of its parameters; `backwardInput` and `backwardWeight` are its two
   * halves, of which only the first is waited for by the part before.
   */
  readonly kind: 'forward' | 'backward' | 'backwardInput' | 'backwardWeight'
  /** From 0. */
  readonly microBatch: number
  /** Which of the rank's parts, from 0. Part `c` of rank `r` is stage `c · ranks + r` of the model. */
  readonly chunk: number
}

/** What a schedule is made for. */
export interface ScheduleShape {
  /** Ranks of the pipeline. */
  readonly ranks: number
  readonly microBatches: number
  /** Parts of the model on each rank. Default 1. */
  readonly chunks?: number
}

/** What each rank does, by rank, one thing after the other. */
export type Schedule = readonly (readonly PipelineAction[])[]

/** How a schedule is made, and what is known of it. */
export interface ScheduleRule {
  /** @throws LEVIN_BAD_OPTION for a shape that it cannot do */
  make(shape: ScheduleShape): Schedule
  /**
   * The part of the time in which a rank has nothing to do, for stages that all take equally long.
   *
   * @param times of one micro-batch on a whole rank: forward, and both halves of backward. Default: 1 each
   */
  bubble(shape: ScheduleShape, times?: StageTimes): number
  /** Whether it takes more than one part of the model per rank. */
  readonly interleaves: boolean
  /** Most micro-batches whose activations a rank holds at one time, each counted for one part: peak memory. */
  held(shape: ScheduleShape, rank: number): number
}

export interface StageTimes {
  readonly forward: number
  readonly backwardInput: number
  readonly backwardWeight: number
}

export const EQUAL_TIMES: StageTimes = { forward: 1, backwardInput: 1, backwardWeight: 1 }

/** @throws LEVIN_BAD_OPTION unless both are natural numbers and there is one part per rank */
export function requireSingleChunk(name: string, { ranks, microBatches, chunks = 1 }: ScheduleShape): void {
  requireNatural(name, 'ranks', ranks)
  requireNatural(name, 'microBatches', microBatches)
  if (chunks === 1) return
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `The schedule '${name}' has one part of the model per rank.`,
    expected: 'chunks: 1',
    found: `chunks: ${chunks}`,
    remedy: "Use the schedule 'interleaved', or leave chunks out.",
  })
}

export function requireNatural(name: string, what: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `The schedule '${name}' cannot be made.`,
    expected: `${what}: a natural number`,
    found: `${value}`,
  })
}
