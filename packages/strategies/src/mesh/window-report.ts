import type { Platform } from '@levin/core'
import { gatherData } from '../group/plain-data.js'
import { chromeTrace } from '../pipeline/schedules/chrome-trace.js'
import { SCHEDULES } from '../pipeline/schedules/index.js'
import { scheduleSvg } from '../pipeline/schedules/picture.js'
import type { Schedule, StageTimes } from '../pipeline/schedules/schedule.js'
import { idlePart, type TimedAction, timelineOf } from '../pipeline/schedules/timeline.js'
import { traceOfTimeline } from '../pipeline/schedules/trace.js'
import { OwnDurations, type Trace } from '../pipeline/trace.js'
import type { MeshGroups } from './groups.js'
import type { ResolvedMeshOptions } from './options.js'

/** Windows that count: before them kernels are compiled and caches cold. The last of them is shown. */
const [FROM, SHOWN] = [2, 8]

/** What one rank tells of its windows. */
interface RankReport {
  readonly actions: readonly TimedAction[]
  /** By part of the model. */
  readonly times: readonly StageTimes[]
}

/**
 * Shows once how long ranks of a pipeline wait for each other, beside what the schedule makes of stages that take equally long: a line
 * at the terminal, and a picture and a trace in the folder of the option `trace`. The trace is of one window as it was. Line and
 * picture are of the same actions, each as long as it takes where nothing disturbs it: one that was interrupted makes all ranks wait,
 * and says nothing of the pipeline.
 */
export class WindowReport {
  readonly #options: ResolvedMeshOptions
  readonly #groups: MeshGroups
  readonly #platform: Platform
  readonly #durations = new OwnDurations()
  #windows = 0

  constructor(options: ResolvedMeshOptions, groups: MeshGroups, platform: Platform) {
    this.#options = options
    this.#groups = groups
    this.#platform = platform
  }

  /** All ranks of the pipeline take part. */
  async window(schedule: Schedule, trace: Trace): Promise<void> {
    const { trace: folder } = this.#options
    if (folder === undefined || this.#windows > SHOWN) return
    this.#windows++
    if (this.#windows >= FROM) this.#durations.add(trace)
    if (this.#windows !== SHOWN) return
    const { pipeline, replicas, tensor } = this.#groups
    const own: RankReport = { actions: trace.actions, times: this.#durations.byPart(this.#options.chunks) }
    const all = await gatherData(pipeline, own)
    if (replicas.rank === 0 && tensor.rank === 0 && pipeline.rank === pipeline.size - 1)
      await this.#report(schedule, all, folder)
  }

  async #report(schedule: Schedule, all: readonly RankReport[], folder: string): Promise<void> {
    const { schedule: name, chunks } = this.#options
    const ranks = schedule.length
    const microBatches = 1 + Math.max(...schedule.flat().map(({ microBatch }) => microBatch))
    const theory = SCHEDULES[name].bubble({ ranks, microBatches, chunks })
    const stages = Array.from({ length: chunks }, (_, chunk) => all.map(({ times }) => times[chunk] as StageTimes))
    const undisturbed = timelineOf(schedule, { times: stages.flat() })
    const percent = (part: number) => `${(100 * part).toFixed(1)} %`
    const { terminal, files } = this.#platform
    terminal?.write(
      `pipeline '${name}', ${microBatches} micro-batches: ranks wait ${percent(idlePart(undisturbed))} of the time; with equal stages it would be ${percent(theory)}\n`,
    )
    const title = `${name}, ${ranks} ranks, ${microBatches} micro-batches`
    const traced = traceOfTimeline(all.map(({ actions }) => actions))
    await files?.write(`${folder}/pipeline.svg`, scheduleSvg(undisturbed, { title, theory, unit: 'ms' }))
    await files?.write(`${folder}/pipeline.trace.json`, JSON.stringify(chromeTrace(traced)))
  }
}
