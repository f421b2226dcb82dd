import type { Platform } from '@levin/core'
import { gatherData } from '../group/plain-data.js'
import { chromeTrace } from '../pipeline/schedules/chrome-trace.js'
import { SCHEDULES } from '../pipeline/schedules/index.js'
import { scheduleSvg } from '../pipeline/schedules/picture.js'
import type { Schedule } from '../pipeline/schedules/schedule.js'
import { idlePart, type TimedAction, type Timeline } from '../pipeline/schedules/timeline.js'
import { traceOfTimeline } from '../pipeline/schedules/trace.js'
import type { Trace } from '../pipeline/trace.js'
import type { MeshGroups } from './groups.js'
import type { ResolvedMeshOptions } from './options.js'

/** The window that is reported: kernels are compiled by then, and caches warm. */
const SETTLED = 8

/**
 * Shows once how long ranks of a pipeline wait for each other, beside what the schedule makes of stages that take equally long: a line
 * at the terminal, and a picture and a trace in the folder of the option `trace`.
 */
export class WindowReport {
  readonly #options: ResolvedMeshOptions
  readonly #groups: MeshGroups
  readonly #platform: Platform
  #windows = 0

  constructor(options: ResolvedMeshOptions, groups: MeshGroups, platform: Platform) {
    this.#options = options
    this.#groups = groups
    this.#platform = platform
  }

  /** All ranks of the pipeline take part. */
  async window(schedule: Schedule, trace: Trace): Promise<void> {
    const { trace: folder } = this.#options
    if (++this.#windows !== SETTLED || folder === undefined) return
    const { pipeline, replicas, tensor } = this.#groups
    const timeline = await gatherData<readonly TimedAction[]>(pipeline, trace.actions)
    if (replicas.rank === 0 && tensor.rank === 0 && pipeline.rank === pipeline.size - 1)
      await this.#report(schedule, timeline, folder)
  }

  async #report(schedule: Schedule, timeline: Timeline, folder: string): Promise<void> {
    const { schedule: name, chunks } = this.#options
    const microBatches = 1 + Math.max(...schedule.flat().map(({ microBatch }) => microBatch))
    const theory = SCHEDULES[name].bubble({ ranks: schedule.length, microBatches, chunks })
    const percent = (part: number) => `${(100 * part).toFixed(1)} %`
    const { terminal, files } = this.#platform
    terminal?.write(
      `pipeline '${name}', ${microBatches} micro-batches: ranks wait ${percent(idlePart(timeline))} of the time; with equal stages it would be ${percent(theory)}\n`,
    )
    const title = `${name}, ${schedule.length} ranks, ${microBatches} micro-batches`
    await files?.write(`${folder}/pipeline.svg`, scheduleSvg(timeline, { title, theory, unit: 'ms' }))
    await files?.write(`${folder}/pipeline.trace.json`, JSON.stringify(chromeTrace(traceOfTimeline(timeline))))
  }
}
