import { LevinError } from '@levin/core'
import { SCHEDULES, type ScheduleName } from '../pipeline/schedules/index.js'
import { impossibility } from './feasibility.js'
import { ALONE, type Layout, layoutName } from './layout.js'
import type { Machine } from './machine.js'
import type { MeasuredModel } from './measured-model.js'
import { largestOf, planMemory, type RankMemory } from './memory.js'
import { reasonFor } from './reason.js'
import { evenCounts, layerCounts } from './stages.js'
import { planTime, type StepTime } from './time.js'

export interface PlanOptions {
  /** Workers. */
  readonly devices: number
  /** Bytes of one worker. Default: no limit. */
  readonly memory?: number | undefined
  /** Micro-batches of an update (`accumulateGradBatches`). Default 1. */
  readonly microBatches?: number
  /** Default: one host. */
  readonly machine?: Machine
  /**
   * Whether tensor ranks may have stretches of sequences between shared layers, which the layers' styles have to allow for. Then
   * layouts are planned with and without. Default `false`.
   */
  readonly sequenceParallel?: boolean
}

export interface PlannedLayout {
  readonly layout: Layout
  readonly name: string
  readonly fits: boolean
  /** Of the rank that needs most; which it is in the pipeline; and of all of them. */
  readonly bytes: number
  readonly rank: number
  readonly memory: readonly RankMemory[]
  readonly time: StepTime
  /** Samples of an update over all workers: data ranks have a batch of the loader each. */
  readonly samples: number
  readonly samplesPerSecond: number
  /** In a sentence, what is good or bad about it. */
  readonly reason: string
}

export interface ImpossibleLayout {
  readonly layout: Layout
  readonly name: string
  readonly reason: string
}

export interface Plan {
  /** The fastest that fits comes first, those that do not fit last. */
  readonly layouts: readonly PlannedLayout[]
  readonly impossible: readonly ImpossibleLayout[]
}

/**
 * All layouts of a model over workers: what each takes and how fast it should be. Of variants that save memory and cost time (ZeRO,
 * recompute) a layout has the least that makes it fit.
 *
 * @throws LEVIN_BAD_OPTION
 */
export function planLayouts(model: MeasuredModel, options: PlanOptions): Plan {
  requireCounts(options)
  const layouts: PlannedLayout[] = []
  const impossible: ImpossibleLayout[] = []
  for (const layout of allLayouts(options)) {
    const reason = impossibility(layout, model)
    if (reason) impossible.push({ layout, name: layoutName(layout), reason })
    else layouts.push(bestVariant(layout, model, options))
  }
  layouts.sort((a, b) => Number(b.fits) - Number(a.fits) || order(a, b))
  return { layouts, impossible }
}

// --- Internal helpers ---

/** Of those that fit the fastest; of those that do not the smallest. */
const order = (a: PlannedLayout, b: PlannedLayout): number =>
  a.fits ? b.samplesPerSecond - a.samplesPerSecond || a.bytes - b.bytes : a.bytes - b.bytes

function* allLayouts({ devices, microBatches = 1, sequenceParallel: asked = false }: PlanOptions): Generator<Layout> {
  for (const [data, pipeline, context, tensor] of factors(devices, 4) as [number, number, number, number][]) {
    const base: Layout = { ...ALONE, data, pipeline, context, tensor, microBatches }
    const sequences = asked && tensor > 1 ? [false, true] : [false]
    for (const sequenceParallel of sequences)
      for (const [schedule, chunks] of pipeline > 1 ? SCHEDULED : UNSCHEDULED)
        yield { ...base, schedule, chunks, sequenceParallel }
  }
}

const UNSCHEDULED: readonly (readonly [ScheduleName, number])[] = [[ALONE.schedule, 1]]
const SCHEDULED: readonly (readonly [ScheduleName, number])[] = (Object.keys(SCHEDULES) as ScheduleName[]).flatMap(
  (name) => (SCHEDULES[name].interleaves ? [2, 4] : [1]).map((chunks) => [name, chunks] as const),
)

/** Every list of so many natural numbers whose product is `product`. */
function factors(product: number, count: number): number[][] {
  if (count === 1) return [[product]]
  const divisors = Array.from({ length: product }, (_, index) => index + 1).filter((each) => product % each === 0)
  return divisors.flatMap((first) => factors(product / first, count - 1).map((rest) => [first, ...rest]))
}

/** From the fastest to the smallest. */
const VARIANTS: readonly Pick<Layout, 'zero' | 'recompute'>[] = [
  { zero: 0, recompute: false },
  { zero: 1, recompute: false },
  { zero: 0, recompute: true },
  { zero: 1, recompute: true },
]

function bestVariant(layout: Layout, model: MeasuredModel, options: PlanOptions): PlannedLayout {
  const cuts = cutsOf(layout, model)
  const variants = VARIANTS.filter(({ zero }) => zero === 0 || layout.data * layout.context > 1).flatMap((variant) =>
    cuts.map((cut) => planned({ ...layout, ...variant, ...cut }, model, options)).sort(order),
  )
  return variants.find(({ fits }) => fits) ?? (variants.sort(order)[0] as PlannedLayout)
}

/** Where a chain may be cut: as even in parameters as can be, which is about as even in memory; or in the time that was measured. */
function cutsOf(layout: Layout, model: MeasuredModel): readonly Pick<Layout, 'layersPerStage'>[] {
  if (layout.pipeline === 1 || model.stages) return [{}]
  const byTime = evenCounts(model, layout)
  const isDefault = byTime.join() === layerCounts(model, layout).join()
  return isDefault ? [{}] : [{}, { layersPerStage: byTime }]
}

function planned(layout: Layout, model: MeasuredModel, { memory: limit, machine }: PlanOptions): PlannedLayout {
  const memory = planMemory(layout, model)
  const largest = largestOf(memory)
  const rank = memory.indexOf(largest)
  const time = planTime(layout, model, machine)
  const samples = model.batch.samples * layout.microBatches * layout.data
  return {
    layout,
    name: layoutName(layout),
    fits: limit === undefined || largest.total <= limit,
    bytes: largest.total,
    rank,
    memory,
    time,
    samples,
    samplesPerSecond: (1e3 * samples) / time.total,
    reason: reasonFor({ layout, time, memory: largest, rank, limit, model }),
  }
}

function requireCounts({
  devices,
  microBatches = 1,
  memory = 1,
  machine: { hosts = 1, network } = {},
}: PlanOptions): void {
  const wrong = Object.entries({ devices, microBatches, hosts }).find(
    ([, count]) => !(Number.isSafeInteger(count) && count >= 1),
  )
  if (wrong) throw badOption(`${wrong[0]}: a natural number`, String(wrong[1]))
  if (!(memory > 0)) throw badOption('memory: bytes of one worker', String(memory))
  if (devices % hosts !== 0) throw badOption(`devices: as many on each of ${hosts} hosts`, String(devices))
  if (hosts > 1 && !network) throw badOption('the network between hosts', 'none')
}

const badOption = (expected: string, found: string): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', { message: 'Nothing can be planned.', expected, found })
