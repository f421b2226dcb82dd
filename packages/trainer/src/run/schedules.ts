import { LevinError } from '@levin/core'
import type { ConfiguredOptimizer } from './configured-optimizer.js'
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

function setFactor({ optimizer }: ConfiguredOptimizer, factor: number): void {
  for (const group of optimizer.groups) group.learningRate = group.baseLearningRate * factor
}

/** Shows schedules with feedback their metric, when one of their intervals has ended. */
export async function observeMetrics(run: Run, interval: 'step' | 'epoch'): Promise<void> {
  const time = interval === 'step' ? run.clock.globalStep : run.clock.epoch + 1
  for (const configured of run.optimizers) {
    const { schedule, feedback, monitor, frequency } = configured
    if (schedule?.kind !== 'feedback' || !feedback || !monitor) continue
    if (configured.interval !== interval || time % frequency !== 0) continue
    if (!(monitor in run.metrics)) await run.readMetrics()
    const metric = run.metrics[monitor]
    if (metric === undefined) {
      reportMissing(run, configured, monitor)
      continue
    }
    configured.feedback = schedule.observe(feedback, metric)
    setFactor(configured, configured.feedback.factor)
  }
}

function reportMissing(run: Run, { schedule, strict }: ConfiguredOptimizer, monitor: string): void {
  const message = `The schedule '${schedule?.name}' watches '${monitor}', which nothing has logged.`
  const known = Object.keys(run.metrics).join(', ') || 'nothing'
  if (strict)
    throw new LevinError('LEVIN_METRIC_NOT_FOUND', {
      message,
      found: known,
      remedy: `Log '${monitor}', or set strict: false.`,
    })
  run.announcer.once(`${message} Logged so far: ${known}.`)
}
