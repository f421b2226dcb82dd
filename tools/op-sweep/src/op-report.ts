import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { opSweep } from '@levin/testing/ops'

/** What the sweep over ops finds on one accelerator: a file beside its tests, which compare it with what they see. */
export interface OpReport {
  /** As the table's column is called. */
  readonly accelerator: string
  /** What it ran on, in a few words. */
  readonly on: string
  /** Of every number against double precision. */
  readonly tolerance: { readonly rtol: number; readonly atol: number }
  /** Which cases there were; another sweep makes the report stale. */
  readonly sweep: string
  /** Cases that must fail, by the reason why they do. */
  readonly failures: Readonly<Record<string, readonly string[]>>
  /** Kernels that were called. */
  readonly kernels: readonly string[]
}

/** Until somebody says why. */
export const UNEXPLAINED = 'not explained: '

export function readReport(file: URL): OpReport | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as OpReport) : undefined
}

export function writeReport(file: URL, report: OpReport): void {
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
}

/** The count of the cases, and a hash of their names. */
export function sweepName(): string {
  let hash = 0x811c9dc5
  const names = opSweep().map(({ name }) => name)
  for (const character of names.join('\n')) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return `${names.length} cases, ${(hash >>> 0).toString(16).padStart(8, '0')}`
}

/** The reason by case. */
export const reasonsOf = ({ failures }: Pick<OpReport, 'failures'>): Record<string, string> =>
  Object.fromEntries(Object.entries(failures).flatMap(([reason, names]) => names.map((name) => [name, reason])))

/** Cases by reason, both in order. */
export function byReason(reasons: Readonly<Record<string, string>>): Record<string, string[]> {
  const grouped: Record<string, string[]> = {}
  for (const name of Object.keys(reasons).sort()) {
    const reason = reasons[name] as string
    grouped[reason] = [...(grouped[reason] ?? []), name]
  }
  return Object.fromEntries(Object.entries(grouped).sort(([a], [b]) => (a < b ? -1 : 1)))
}
