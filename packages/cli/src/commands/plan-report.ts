import { availableParallelism } from 'node:os'
import {
  gibibytes,
  type Layout,
  type MeasuredModel,
  meshOptions,
  type Plan,
  type PlannedLayout,
} from '@levin/strategies/planner'

export interface PlanReport {
  /** As it was given. */
  readonly run: string
  readonly device: string
  readonly plan: Plan
  readonly measured: MeasuredModel
  readonly microBatches: number
  readonly memory: number | undefined
  readonly devices: number
  readonly hosts: number
  readonly rows: number
  /** How layers are shared: styles by path. */
  readonly sharing: Readonly<Record<string, string>>
}

/** What `levin plan` prints. */
export function planLines(report: PlanReport): string[] {
  const { plan, rows } = report
  const shown = plan.layouts.slice(0, rows)
  const more = plan.layouts.length - shown.length
  return [
    ...measuredLines(report),
    '',
    ...table([HEAD, ...shown.map(cells)]),
    ...(more > 0 ? [`and ${more} more: --rows ${plan.layouts.length}, or --json`] : []),
    ...impossibleLines(plan),
    '',
    ...bestLines(report),
  ]
}

/** Everything, for programs. Times are milliseconds. */
export const planJson = (report: PlanReport) => ({
  run: report.run,
  devices: report.devices,
  hosts: report.hosts,
  memory: report.memory,
  accelerator: report.device,
  microBatches: report.microBatches,
  measured: report.measured,
  layouts: report.plan.layouts.map(({ time: { timeline: _, ...time }, ...layout }) => ({
    ...layout,
    time,
    command: commandFor(report, layout.layout),
  })),
  impossible: report.plan.impossible,
})

// --- Internal helpers ---

const HEAD = ['layout', 'fits', 'memory', 'step', 'samples/s', 'why']

const cells = ({ name, fits, bytes, time, samplesPerSecond, reason }: PlannedLayout): string[] => [
  name,
  fits ? 'yes' : 'no',
  gibibytes(bytes),
  milliseconds(time.total),
  digits(samplesPerSecond),
  reason,
]

/** Numbers to the right, words to the left. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        [2, 3, 4].includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}

function measuredLines({ measured, device, microBatches, memory, devices }: PlanReport): string[] {
  const { before, layers, after, batch, optimizer } = measured
  const pieces = [before, ...layers, after].filter((piece) => piece !== undefined)
  const parameters = new Map(pieces.flatMap((piece) => piece.parameters.map((each) => [each.path, each.elements])))
  const total = [...parameters.values()].reduce((sum, each) => sum + each, 0)
  const time = pieces.reduce((sum, { forward, backward }) => sum + forward + backward, 0)
  const cores = availableParallelism()
  return [
    `${layers.length} layer${layers.length === 1 ? '' : 's'}, ${(total / 1e6).toPrecision(3)} M parameters, ${optimizer.name}; a batch of ${batch.samples} takes ${milliseconds(time)} on '${device}'.`,
    `${devices} workers${memory === undefined ? '' : ` of ${gibibytes(memory)}`}, ${microBatches} batch${microBatches === 1 ? '' : 'es'} per update and data rank${devices > cores && device === 'cpu' ? `, with a core each (there are ${cores} here)` : ''}.`,
  ]
}

/** Reasons, each with the layouts that it leaves out. */
function impossibleLines({ impossible }: Plan): string[] {
  const byReason = new Map<string, string[]>()
  for (const { name, reason } of impossible) byReason.set(reason, [...(byReason.get(reason) ?? []), name])
  return [...byReason].map(([reason, names]) => {
    const [first] = names
    const which = names.length === 1 ? first : `${first} and ${names.length - 1} more`
    return `left out: ${which}: ${reason}`
  })
}

function bestLines(report: PlanReport): string[] {
  const [best] = report.plan.layouts
  if (!best?.fits) return ['None fits. More workers, smaller batches, or a shared plan for layers would need less.']
  return ['The fastest that fits:', `  ${commandFor(report, best.layout)}`]
}

function commandFor({ run, devices, microBatches, sharing }: PlanReport, layout: Layout): string {
  const { data, pipeline, context, tensor, zero, recompute } = layout
  const parts = [`levin fit ${run}`]
  if (devices > 1) parts.push(`--devices ${devices}`)
  if (microBatches > 1) parts.push(`--accumulate-grad-batches ${microBatches}`)
  const isDataAlone = pipeline * context * tensor === 1 && !recompute
  if (isDataAlone && zero === 0) return [...parts, ...(data > 1 ? ['--strategy ddp'] : [])].join(' ')
  const options = meshOptions(layout)
  const isShared = tensor > 1 && Object.keys(sharing).length > 0
  // The short form of the options has no lists and no objects.
  const text =
    isShared || layout.layersPerStage
      ? `'${JSON.stringify({ ...options, ...(isShared ? { plan: sharing } : {}) })}'`
      : Object.entries(options)
          .map(([name, value]) => `${name}=${value}`)
          .join(',')
  return [...parts, `--strategy mesh --strategy-options ${text}`].join(' ')
}

const milliseconds = (value: number): string => (value >= 1e4 ? `${digits(value / 1e3)} s` : `${digits(value)} ms`)

const digits = (value: number): string =>
  value >= 100
    ? Math.round(value).toLocaleString('en-US')
    : value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
