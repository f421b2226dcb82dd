import type { PipelineAction, Schedule } from './schedules/schedule.js'

/** The stage of the model in which rank `rank` of `ranks` does an action. */
export const stageOf = ({ chunk }: Pick<PipelineAction, 'chunk'>, rank: number, ranks: number): number =>
  chunk * ranks + rank

export const activationKey = (stage: number, microBatch: number): string => `activation ${stage} ${microBatch}`
export const gradientKey = (stage: number, microBatch: number): string => `gradient ${stage} ${microBatch}`

/**
 * By source: what it sends to rank `to` in the course of a schedule, in its order. Keys name the stage that the message is for.
 */
export function messagesTo(to: number, schedule: Schedule, stages: number): ReadonlyMap<number, readonly string[]> {
  const ranks = schedule.length
  const messages = new Map<number, string[]>()
  for (const [rank, actions] of schedule.entries()) {
    for (const action of actions) {
      const stage = stageOf(action, rank, ranks)
      const { kind, microBatch } = action
      const target = kind === 'forward' ? stage + 1 : stage - 1
      if (kind === 'backwardWeight' || target < 0 || target === stages || target % ranks !== to) continue
      const key = kind === 'forward' ? activationKey(target, microBatch) : gradientKey(target, microBatch)
      messages.set(rank, [...(messages.get(rank) ?? []), key])
    }
  }
  return messages
}
