import type { ClusterCosts } from '@levin/strategies/planner'
import { type Action, simulate } from './simulation/simulate.js'

/** What one rank does in an update, whatever the others are. */
export interface Training {
  readonly parameters: number
  /** Forward and backward of one batch on one rank. */
  readonly computeSeconds: number
  /** Batches that are accumulated before an update. Default 1. */
  readonly accumulated?: number
}

export type StrategyName =
  /** Gradients are exchanged after the walk back: what `ddp` does where ranks block. */
  | 'ddp'
  /** Gradients are exchanged while the walk back goes on. */
  | 'ddp, overlapped'
  /** Half the bytes, without what the conversions cost. */
  | 'ddp, bf16'
  /** Parameters are averaged after 10 updates, or 100. */
  | 'ddp, 10 local steps'
  | 'ddp, 100 local steps'
  | 'zero 1'
  | 'zero 2'
  | 'zero 3'

const BYTES = 4
/** Of a walk through the model, forward: two products go back for each that goes forth. */
const FORWARD = 1 / 3
/** Gradients that travel together; simulations take no more than 16 pieces. */
const BUCKET_BYTES = 25 * 2 ** 20
const MOST_PIECES = 16

const step: Action = { kind: 'step' }
const compute = (seconds: number): Action => ({ kind: 'compute', seconds })
const exchange = (seconds: number, blocks = true): Action => ({ kind: 'exchange', seconds, blocks })
const times = (count: number, actions: readonly Action[]): Action[] =>
  Array.from({ length: count }, () => actions).flat()

/** How an update goes. `updates`: how many one round of the list makes. */
interface Plan {
  readonly updates: number
  readonly actions: readonly Action[]
}

type Planner = (training: Required<Training>, costs: ClusterCosts) => Plan

/** A piece of the model's bytes, and how many there are. */
function pieces(bytes: number): { readonly count: number; readonly piece: number } {
  const count = Math.min(MOST_PIECES, Math.ceil(bytes / BUCKET_BYTES))
  return { count, piece: bytes / count }
}

const ddp =
  (seconds: (costs: ClusterCosts, bytes: number) => number): Planner =>
  ({ parameters, computeSeconds, accumulated }, costs) => {
    const { count, piece } = pieces(BYTES * parameters)
    const actions = [step, compute(accumulated * computeSeconds), ...times(count, [exchange(seconds(costs, piece))])]
    return { updates: 1, actions }
  }

const overlapped: Planner = ({ parameters, computeSeconds, accumulated }, costs) => {
  const { count, piece } = pieces(BYTES * parameters)
  const before = (accumulated - 1 + FORWARD) * computeSeconds
  const back = ((1 - FORWARD) * computeSeconds) / count
  const walk = times(count, [compute(back), exchange(costs.allReduce(piece), false)])
  return { updates: 1, actions: [step, compute(before), ...walk, { kind: 'drain' }] }
}

const local =
  (updates: number): Planner =>
  ({ parameters, computeSeconds, accumulated }, costs) => {
    const { count, piece } = pieces(BYTES * parameters)
    const alone = times(updates, [step, compute(accumulated * computeSeconds)])
    return { updates, actions: [...alone, ...times(count, [exchange(costs.allReduce(piece))])] }
  }

const zero1: Planner = ({ parameters, computeSeconds, accumulated }, costs) => {
  const { count, piece } = pieces(BYTES * parameters)
  const sums = times(count, [exchange(costs.reduceScatter(piece))])
  const wholes = times(count, [exchange(costs.allGather(piece))])
  return { updates: 1, actions: [step, compute(accumulated * computeSeconds), ...sums, ...wholes] }
}

const zero2: Planner = ({ parameters, computeSeconds, accumulated }, costs) => {
  const { count, piece } = pieces(BYTES * parameters)
  const back = compute(((1 - FORWARD) * computeSeconds) / count)
  const walk = [compute(FORWARD * computeSeconds), ...times(count, [back, exchange(costs.reduceScatter(piece))])]
  return {
    updates: 1,
    actions: [step, ...times(accumulated, walk), ...times(count, [exchange(costs.allGather(piece))])],
  }
}

/** Units are gathered when they run, and run once more in the walk back. */
const zero3: Planner = ({ parameters, computeSeconds, accumulated }, costs) => {
  const { count, piece } = pieces(BYTES * parameters)
  const gathered = exchange(costs.allGather(piece))
  const forth = [gathered, compute((FORWARD * computeSeconds) / count)]
  const back = [gathered, compute(computeSeconds / count), exchange(costs.reduceScatter(piece))]
  return { updates: 1, actions: [step, ...times(accumulated, [...times(count, forth), ...times(count, back)])] }
}

const PLANNERS: Readonly<Record<StrategyName, Planner>> = {
  ddp: ddp((costs, bytes) => costs.allReduce(bytes)),
  'ddp, overlapped': overlapped,
  'ddp, bf16': ddp((costs, bytes) => costs.reduceScatter(bytes / 2) + costs.allGather(bytes / 2)),
  'ddp, 10 local steps': local(10),
  'ddp, 100 local steps': local(100),
  'zero 1': zero1,
  'zero 2': zero2,
  'zero 3': zero3,
}

export const STRATEGIES = Object.keys(PLANNERS) as readonly StrategyName[]

export interface RunOptions {
  readonly ranks: number
  /** Average lateness of a rank, as a part of its computation. Default 0. */
  readonly lateness?: number
  /** Updates that are simulated, at least. Default 4. */
  readonly updates?: number
}

/** Seconds per update of all ranks together. */
export function secondsPerUpdate(
  strategy: StrategyName,
  { accumulated = 1, ...training }: Training,
  costs: ClusterCosts,
  { ranks, lateness = 0, updates = 4 }: RunOptions,
): number {
  const plan = PLANNERS[strategy]({ accumulated, ...training }, costs)
  const rounds = Math.ceil(updates / plan.updates)
  return simulate(times(rounds, plan.actions), { ranks, lateness }) / (rounds * plan.updates)
}

/** The part of the time in which ranks compute what one rank alone would. */
export const efficiency = (
  strategy: StrategyName,
  training: Training,
  costs: ClusterCosts,
  options: RunOptions,
): number =>
  (training.computeSeconds * (training.accumulated ?? 1)) / secondsPerUpdate(strategy, training, costs, options)
