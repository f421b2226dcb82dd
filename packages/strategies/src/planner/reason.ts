import type { Layout } from './layout.js'
import type { MeasuredModel } from './measured-model.js'
import type { RankMemory } from './memory.js'
import { evenCounts, layerCounts } from './stages.js'
import type { StepTime } from './time.js'

export interface Judged {
  readonly layout: Layout
  readonly time: StepTime
  /** Of the rank that needs most, and which one that is in the pipeline. */
  readonly memory: RankMemory
  readonly rank: number
  readonly limit: number | undefined
  readonly model: MeasuredModel
}

/** What is good or bad about a layout, in a sentence. */
export function reasonFor(judged: Judged): string {
  const { memory, limit } = judged
  return limit !== undefined && memory.total > limit ? tooLarge(judged) : speed(judged)
}

const WORDS: Readonly<Record<string, string>> = {
  parameters: 'parameters',
  optimizer: "the optimizer's state",
  gradients: 'gradients',
  activations: 'activations',
}

function tooLarge({ layout, memory, rank, limit = 0 }: Judged): string {
  const [largest = 'parameters'] = Object.keys(WORDS).sort(
    (a, b) => memory[b as 'parameters'] - memory[a as 'parameters'],
  )
  const where = layout.pipeline > 1 ? `rank ${rank} of the pipeline` : 'a rank'
  const part = memory[largest as 'parameters']
  return `${where} needs ${gibibytes(memory.total)} of ${gibibytes(limit)}, ${gibibytes(part)} of it ${WORDS[largest]}`
}

/** What costs most of the step beside computing. */
function speed({ layout, time, model }: Judged): string {
  const losses: readonly (readonly [part: number, words: (percent: string) => string])[] = [
    [(time.idle * time.walk) / time.total, (percent) => waiting(layout, time, model, percent)],
    [time.layers / time.total, (percent) => `${percent} of the time goes into what ranks exchange within layers`],
    [time.gradients / time.total, (percent) => `${percent} of the time goes into the sum of gradients`],
    [time.update / time.total, (percent) => `${percent} of the time goes into the update`],
  ]
  const [part, words] = losses.reduce((most, each) => (each[0] > most[0] ? each : most))
  if (part < 0.05) return `workers compute ${percentOf(1 - losses.reduce((sum, [each]) => sum + each, 0))} of the time`
  return words(percentOf(part))
}

function waiting(layout: Layout, { idle, idleByTheory }: StepTime, model: MeasuredModel, percent: string): string {
  const { pipeline, chunks, microBatches } = layout
  const who = `${pipeline} workers of a pipeline wait ${percent} of the time for each other`
  // Stages of one length would wait this long too.
  if (idle < 1.25 * idleByTheory + 0.02) {
    const of = `${microBatches} for ${pipeline * chunks} stages`
    return `${who}: too few micro-batches (${of}; accumulateGradBatches makes more)`
  }
  const even = evenCounts(model, layout)
  const counts = layerCounts(model, layout)
  const best = even.join() === counts.join()
  const hint = best ? 'as even as layers allow' : `uneven; in time they would be even as ${even.join(' + ')}`
  return `${who}: stages of ${counts.join(' + ')} layers are ${hint}`
}

const percentOf = (part: number): string => `${Math.round(100 * part)} %`

/** `1.25 GiB`, `300 MiB` */
export function gibibytes(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(2)} GiB`
  const mebibytes = bytes / 2 ** 20
  return `${mebibytes < 10 ? mebibytes.toFixed(1) : Math.round(mebibytes)} MiB`
}
