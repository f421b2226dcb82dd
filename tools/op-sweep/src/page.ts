import { opSweep, type SweepEntry } from '@levin/testing/ops'
import { type OpReport, reasonsOf } from './op-report.js'

const BLOCK = /<!-- table: (?<name>[^>]+?) -->\n[\s\S]*?<!-- end of table -->/g

type From = SweepEntry['from']

/** A page with its tables made anew: what stands between `<!-- table: name -->` and `<!-- end of table -->`. */
export function withTables(page: string, reports: readonly OpReport[], entries = opSweep()): string {
  const reasons = numberedReasons(reports)
  const tables: Record<string, () => string> = {
    accelerators: () => accelerators(reports, entries),
    'ops of levin': () => ops(reports, entries, '@levin/ops', reasons),
    'ops of tfjs': () => ops(reports, entries, 'tfjs', reasons),
    reasons: () => reasonList(reasons),
  }
  return page.replace(BLOCK, (_, name: string) => {
    const make = tables[name]
    if (!make) throw new Error(`There is no table '${name}'; there are: ${Object.keys(tables).join(', ')}.`)
    return `<!-- table: ${name} -->\n${make()}\n<!-- end of table -->`
  })
}

type Numbered = ReadonlyMap<string, number>

/** Of all accelerators: one that is several accelerators' has one number. */
const numberedReasons = (reports: readonly OpReport[]): Numbered =>
  new Map([...new Set(reports.flatMap(({ failures }) => Object.keys(failures)))].map((reason, i) => [reason, i + 1]))

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

function accelerators(reports: readonly OpReport[], entries: readonly SweepEntry[]): string {
  const rows = reports.map((report) => {
    const failed = Object.values(report.failures).flat().length
    const { rtol, atol } = report.tolerance
    return [
      `\`${report.accelerator}\``,
      report.on,
      `${entries.length - failed} of ${entries.length}`,
      `${atol.toExponential()} + ${rtol.toExponential()} · \\|expected\\|`,
    ]
  })
  return table(['accelerator', 'on', 'cases that pass', 'each number within'], rows)
}

function ops(reports: readonly OpReport[], entries: readonly SweepEntry[], from: From, numbers: Numbered): string {
  const own = entries.filter((entry) => entry.from === from)
  const names = [...new Set(own.map(({ op }) => op))].sort((a, b) => a.localeCompare(b, 'en'))
  const known = reports.map((report) => reasonsOf(report))
  const rows = names.map((name) => {
    const cases = own.filter(({ op }) => op === name)
    return [`\`${name}\``, ...known.map((reasons) => cell(cases, reasons, numbers))]
  })
  return table(['op', ...reports.map(({ accelerator }) => `\`${accelerator}\``)], rows)
}

/** `values · gradients`, each ✓ where all its cases pass, else how many do and why the others do not. */
function cell(cases: readonly SweepEntry[], reasons: Readonly<Record<string, string>>, numbers: Numbered): string {
  const parts = (['values', 'gradients'] as const).map((checks) => {
    const all = cases.filter((one) => one.checks === checks)
    const failed = all.filter(({ name }) => reasons[name] !== undefined)
    if (all.length === 0) return '–'
    if (failed.length === 0) return '✓'
    const why = [...new Set(failed.map(({ name }) => numbers.get(reasons[name] as string)))].sort()
    return `${all.length - failed.length} of ${all.length} (${why.join(', ')})`
  })
  return parts.join(' · ')
}

const reasonList = (numbers: Numbered): string =>
  [...numbers].map(([reason, number]) => `${number}. ${reason}`).join('\n')
