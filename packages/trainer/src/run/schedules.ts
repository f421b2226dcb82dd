import type { ConfiguredOptimizer } from './configured-optimizer.js'
import { feedbackCode } from './feedback-code.js'
import { setFactor } from './learning-rates.js'
import type { Run } from './run.js'

/** Sets the learning rates for the next update: pure schedules by the clock, those with feedback by their state. */
export function applySchedules(run: Run): void {
  for (const configured of run.optimizers) {
    if (configured.schedule) setFactor(configured, factorOf(configured, run))
  }
}

function factorOf({ schedule, feedback, interval, frequency }: ConfiguredOptimizer, { clock }: Run): number {
  if (schedule?.kind !== 'pure') return feedback?.factor ?? 1
  const t = interval === 'step' ? clock.globalStep : clock.epoch
  return schedule.factor(Math.floor(t / frequency))
}

/** Shows schedules with feedback their metric, when one of their intervals has ended. */
export async function observeMetrics(run: Run, interval: 'step' | 'epoch'): Promise<void> {
  const watched = run.optimizers.filter(({ schedule, feedback }) => schedule?.kind === 'feedback' && feedback)
  if (watched.length > 0) await (await feedbackCode()).observe(run, watched, interval)
}
