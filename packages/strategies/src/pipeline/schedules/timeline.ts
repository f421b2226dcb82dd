import { EQUAL_TIMES, type PipelineAction, type Schedule, type StageTimes } from './schedule.js'

/** An action and when it was done, in the unit of the times. */
export interface TimedAction {
  readonly action: PipelineAction
  readonly start: number
  readonly end: number
}

/** What each rank does, and when. */
export type Timeline = readonly (readonly TimedAction[])[]

export interface TimelineOptions {
  /**
   * Of one micro-batch in one part of the model: the same for all parts, or by stage of the model (part `c` of rank `r` is stage
   * `c · ranks + r`). Default: forward 1, backward 2, its halves 1 each.
   */
  readonly times?: StageTimes | readonly StageTimes[]
  /** From the end of a part to the beginning of the next on another rank. Default 0. */
  readonly sending?: number
}

/**
 * When everything is done if every rank does its actions as soon as what they need is there.
 *
 * @throws an Error if ranks wait for each other forever, or a schedule leaves something out
 */
export function timelineOf(schedule: Schedule, options: TimelineOptions = {}): Timeline {
  const { times = EQUAL_TIMES, sending = 0 } = options
  const ended = new Map<string, number>()
  const timeline: TimedAction[][] = schedule.map(() => [])
  const stages = schedule.length * (1 + Math.max(...schedule.flat().map(({ chunk }) => chunk)))
  const duration = durations(times, stages)
  let left = schedule.reduce((sum, actions) => sum + actions.length, 0)
  while (left > 0) {
    const before = left
    for (const [rank, actions] of schedule.entries()) {
      const own = timeline[rank] as TimedAction[]
      for (let action = actions[own.length]; action; action = actions[own.length]) {
        const ready = readyAt(action, rank, { ranks: schedule.length, stages, ended, sending })
        if (ready === undefined) break
        const start = Math.max(ready, own.at(-1)?.end ?? 0)
        const end = start + duration(action, rank, schedule.length)
        own.push({ action, start, end })
        ended.set(keyOf(action.kind, stageOf(action, rank, schedule.length), action.microBatch), end)
        left--
      }
    }
    if (left === before) throw new Error(`The schedule comes to a halt: ${stuck(schedule, timeline)}`)
  }
  return timeline
}

/** The part of the time between the first beginning and the last end in which ranks do nothing. */
export function idlePart(timeline: Timeline): number {
  const all = timeline.flat()
  const total = Math.max(...all.map(({ end }) => end)) - Math.min(...all.map(({ start }) => start))
  const busy = all.reduce((sum, { start, end }) => sum + end - start, 0)
  return 1 - busy / (total * timeline.length)
}

/** How long an action takes where it is done. @throws an Error for stages without times */
function durations(times: StageTimes | readonly StageTimes[], stages: number) {
  const all = 'forward' in times ? Array.from({ length: stages }, () => times) : times
  if (all.length !== stages) throw new Error(`The schedule has ${stages} stages, and there are times of ${all.length}.`)
  return (action: PipelineAction, rank: number, ranks: number): number => {
    const { forward, backwardInput, backwardWeight } = all[stageOf(action, rank, ranks)] as StageTimes
    return { forward, backwardInput, backwardWeight, backward: backwardInput + backwardWeight }[action.kind]
  }
}

/** The stage of the model in which a rank does an action. */
const stageOf = ({ chunk }: PipelineAction, rank: number, ranks: number): number => chunk * ranks + rank

const keyOf = (kind: PipelineAction['kind'], stage: number, microBatch: number): string =>
  `${kind === 'backward' ? 'backwardInput' : kind} ${stage} ${microBatch}`

interface Known {
  readonly ranks: number
  readonly stages: number
  readonly ended: ReadonlyMap<string, number>
  readonly sending: number
}

/** When what an action needs is there; `undefined` if something is not done yet. */
function readyAt(action: PipelineAction, rank: number, { ranks, stages, ended, sending }: Known): number | undefined {
  const stage = stageOf(action, rank, ranks)
  const { kind, microBatch } = action
  const after = (of: PipelineAction['kind'], where: number): number | undefined => {
    const end = ended.get(keyOf(of, where, microBatch))
    return end === undefined ? undefined : end + (where % ranks === rank ? 0 : sending)
  }
  if (kind === 'forward') return stage === 0 ? 0 : after('forward', stage - 1)
  if (kind === 'backwardWeight') return after('backwardInput', stage)
  const own = after('forward', stage)
  const gradient = stage === stages - 1 ? own : after('backwardInput', stage + 1)
  return own === undefined || gradient === undefined ? undefined : Math.max(own, gradient)
}

const stuck = (schedule: Schedule, timeline: Timeline): string =>
  schedule
    .map((actions, rank) => {
      const next = actions[timeline[rank]?.length ?? 0]
      return next ? `rank ${rank} waits for ${next.kind} of micro-batch ${next.microBatch}` : `rank ${rank} is done`
    })
    .join('; ')
