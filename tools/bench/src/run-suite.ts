import { measure } from './measure.js'
import { reportOf, tableOf, type WorkReport } from './report.js'
import { type Absent, Refused, type Suite, type Work } from './suite.js'

export interface RunSuiteOptions {
  readonly rounds: number
  readonly only?: string | undefined
  /** Told of progress, a few lines per work. */
  readonly say: (text: string) => void
  /** Whether a contender that is left out fails the run at once, instead of being skipped aloud. Default `false`. */
  readonly strict?: boolean
  /** The smallest sizes, one round. Default `false`. */
  readonly quick?: boolean
  /** Contenders that are left out, by name. Default: none. */
  readonly without?: readonly string[]
}

/** Measures every work of a suite, or those that `only` names. */
export async function runSuite(suite: Suite, options: RunSuiteOptions): Promise<WorkReport[]> {
  const { only, quick = false, without = [], say } = options
  const all = await suite.works({ quick, say })
  const works = all.filter(({ name }) => only === undefined || name.includes(only))
  if (works.length === 0) {
    throw new Error(`no work of this suite contains '${only}'; there are: ${all.map(({ name }) => name).join(', ')}.`)
  }
  const reports: WorkReport[] = []
  for (const work of works) {
    const contenders = work.contenders.filter(({ name }) => !without.includes(name))
    reports.push(await runWork({ ...work, contenders }, options))
  }
  return reports
}

async function runWork(
  work: Work,
  { rounds, say, strict = false, quick = false }: RunSuiteOptions,
): Promise<WorkReport> {
  const refused: string[] = []
  const onLeftOut = (name: string, reason: Absent | Refused): void => {
    const isRefused = reason instanceof Refused
    if (isRefused) refused.push(name)
    say(`${isRefused ? 'REFUSED' : 'SKIPPED'} ${work.name}/${name}: ${reason.message}`)
  }
  try {
    const measured = await measure(work, { rounds, quick, ...(strict ? {} : { onLeftOut }) })
    const report = { ...reportOf(work, measured), refused }
    say(tableOf(report))
    return report
  } finally {
    await work.dispose?.()
  }
}
