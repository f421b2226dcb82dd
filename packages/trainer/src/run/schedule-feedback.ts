import { LevinError } from '@levin/core'
import type { ConfiguredOptimizer } from './configured-optimizer.js'
import { setFactor } from './learning-rates.js'
import type { Run } from './run.js'

/** Shows schedules their metric, as far as one of their intervals has ended. */
export async function observe(
  run: Run,
  watched: readonly ConfiguredOptimizer[],
  interval: 'step' | 'epoch',
): Promise<void> {
  const time = interval === 'step' ? run.clock.globalStep : run.clock.epoch + 1
  for (const configured of watched) {
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
