import { measure } from './measure.js'
import { reportOf, tableOf, type WorkReport } from './report.js'
import type { Absent, Suite, Work } from './suite.js'

export interface RunSuiteOptions {
  readonly rounds: number
  readonly only?: string | undefined
  /** Told of progress, a few lines per work. */
  readonly say: (text: string) => void
  /** Whether an absent contender fails the run instead of being skipped aloud. Default `false`. */
  readonly strict?: boolean
}

/** Measures every work of a suite, or those that `only` names. */
export async function runSuite(
  suite: Suite,
  { rounds, only, say, strict = false }: RunSuiteOptions,
): Promise<WorkReport[]> {
  const all = await suite.works()
  const works = all.filter(({ name }) => only === undefined || name.includes(only))
  if (works.length === 0) {
    throw new Error(`no work of this suite contains '${only}'; there are: ${all.map(({ name }) => name).join(', ')}.`)
  }
  const reports: WorkReport[] = []
  for (const work of works) reports.push(await runWork(work, rounds, say, strict))
  return reports
}

async function runWork(work: Work, rounds: number, say: (text: string) => void, strict: boolean): Promise<WorkReport> {
  const onAbsent = (name: string, reason: Absent): void => say(`SKIPPED ${work.name}/${name}: ${reason.message}`)
  const measured = await measure(work, { rounds, ...(strict ? {} : { onAbsent }) })
  const report = reportOf(work, measured)
  say(tableOf(report))
  return report
}
