import { cpus, totalmem } from 'node:os'
import { type Summary, summarise } from './statistics.js'
import { type Conclusion, type Measured, significant, type Work } from './suite.js'

/** Where the figures are from: a figure without its machine says nothing. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly platform: string
  readonly node: string
}

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  platform: `${process.platform} ${process.arch}`,
  node: process.versions.node,
})

/** One work, as `--json` writes it. */
export interface WorkReport {
  readonly name: string
  readonly unit: string
  readonly contenders: Readonly<Record<string, Summary & { readonly measurements: readonly number[] }>>
  readonly conclusions: readonly Conclusion[]
  /** Contenders that turned out to do something else. */
  readonly refused: readonly string[]
}

export const reportOf = (work: Work, measured: Measured): Omit<WorkReport, 'refused'> => ({
  name: work.name,
  unit: work.unit,
  contenders: Object.fromEntries(
    [...measured].map(([name, measurements]) => [name, { ...summarise(measurements), measurements }]),
  ),
  conclusions: work.conclude(measured),
})

/** A table for the screen: one row per contender. */
export function tableOf({ name, unit, contenders }: WorkReport): string {
  const width = Math.max(...Object.keys(contenders).map((each) => each.length), 0)
  const rows = Object.entries(contenders).map(([contender, { median, minimum, maximum, spread, count }]) => {
    const range = `${significant(minimum)}–${significant(maximum)}, spread ${(spread * 100).toFixed(1)} %, ${count} rounds`
    return `  ${contender.padEnd(width)}  ${significant(median).padStart(9)} ${unit}  (${range})`
  })
  return [name, ...rows].join('\n')
}
