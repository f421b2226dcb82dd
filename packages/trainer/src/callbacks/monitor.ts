import { LevinError, type RunContext } from '@levin/core'

export type MonitorMode = 'min' | 'max'

/** Whether `value` is better than `than`. NaN is never better, and everything is better than NaN. */
export const isBetter = (value: number, than: number, mode: MonitorMode, minDelta = 0): boolean => {
  if (Number.isNaN(value)) return false
  if (Number.isNaN(than)) return true
  return mode === 'min' ? value < than - minDelta : value > than + minDelta
}

/** Looks at one metric and tells new values from old ones. */
export class Monitor {
  readonly name: string
  #reads = 0

  constructor(name: string) {
    this.name = name
  }

  /** The value if it was read anew since the last call. */
  async fresh(run: RunContext): Promise<number | undefined> {
    if ((run.metricReads[this.name] ?? 0) === this.#reads) await run.readMetrics()
    const reads = run.metricReads[this.name] ?? 0
    if (reads === this.#reads) return undefined
    this.#reads = reads
    return run.metrics[this.name]
  }

  /** The newest value, however old. */
  async latest(run: RunContext): Promise<number | undefined> {
    return (await this.fresh(run)) ?? run.metrics[this.name]
  }

  /** @throws LEVIN_METRIC_NOT_FOUND unless something has logged the metric */
  requireLogged(run: RunContext, who: string): void {
    if (this.name in run.metrics) return
    const known = Object.keys(run.metrics)
    throw new LevinError('LEVIN_METRIC_NOT_FOUND', {
      message: `${who} watches '${this.name}', which nothing has logged.`,
      found: known.length ? `'${known.join("', '")}'` : 'no logged metric at all',
      remedy: `Log it by step.log('${this.name}', …), or watch another metric.`,
    })
  }
}
